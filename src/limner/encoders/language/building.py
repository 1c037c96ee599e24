"""A small language model built anew: a vocabulary of a shop's own texts, and a body to learn it.

With no network this is how a model comes to speak Chinese. Where there is a model already, its
vocabulary can give way to the shop's: what a new token was written with before is what it begins
from (Gee and others 2022).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from limner.config import Config
from limner.encoders.language.opening import Family, quietly, transformers
from limner.encoders.language.segmenting import words_of
from limner.errors import TooFew

__all__ = ["BuildConfig", "build_body", "learn_vocabulary", "take_over", "write_model"]

MARKS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
LEAST_PIECES = 10
SPANS = 32
"""Marks for so many hidden spans of one text."""
LONGEST_RUN = 100_000
"""Characters without a blank that are still cut into pieces, where these are words of Chinese."""


class BuildConfig(Config):
    """How large a model is that is built anew."""

    vocabulary: int = Field(8000, ge=100)
    """Tokens at most."""
    chinese: Literal["characters", "words"] = "characters"
    """Whether a Chinese character is a token, or a word of several can be one: fewer tokens
    to read, each seen less often."""
    width: int = Field(256, ge=8)
    """Length of a vector."""
    layers: int = Field(4, ge=1)
    """Layers upon each other."""
    heads: int = Field(4, ge=1)
    """Heads of attention a layer; they share the width."""
    longest: int = Field(256, ge=16)
    """Tokens that it can read."""


def learn_vocabulary(texts: Iterable[str], config: BuildConfig) -> Any:  # noqa: ANN401 - a tokeniser
    """Return a tokeniser of word pieces that are common in texts.

    Capitals are small ones, accents fall away, every Chinese character stands alone unless words
    of Chinese are asked for. Pieces are merged by how often they stand side by side (Sennrich and
    others 2016), and a word is written with the longest that there are (Wu and others 2016). The
    same texts give the same pieces.

    Raises
    ------
    TooFew
        If the texts hold hardly a word.
    MissingExtra
        If Chinese shall be cut into words and jieba is not installed.
    """
    from tokenizers import (  # noqa: PLC0415 - comes with transformers
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    alone = config.chinese == "characters"
    normaliser = normalizers.BertNormalizer(handle_chinese_chars=alone)
    parting = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in texts:
        for part, _ in parting.pre_tokenize_str(normaliser.normalize_str(text)):
            words.update([part] if alone else words_of(part) or [part])
    # Words of Chinese follow each other without a blank: they are alike wherever they stand.
    within = "##" if alone else ""
    # The trainer for pieces that go on within a word is not the same from run to run; this one is.
    merged = Tokenizer(models.BPE(unk_token=MARKS["unk_token"]))
    merged.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary, show_progress=False, min_frequency=2
    )
    common = {word: count for word, count in words.items() if count > 1}
    merged.train_from_iterator(
        (" ".join([word] * count) for word, count in sorted(common.items())), trainer
    )
    names = [*MARKS.values(), *(f"<extra_id_{at}>" for at in range(SPANS))]
    pieces = _pieces(common, merged, within)
    if len(pieces) < LEAST_PIECES:
        raise TooFew("the texts hold too few words that stand twice, so there is no vocabulary")
    names += pieces[: config.vocabulary - len(names)]
    longest = {} if alone else {"max_input_chars_per_word": LONGEST_RUN}
    made = Tokenizer(
        models.WordPiece(
            {name: at for at, name in enumerate(names)},
            unk_token=MARKS["unk_token"],
            continuing_subword_prefix=within,
            **longest,
        )
    )
    made.normalizer, made.pre_tokenizer = normaliser, parting
    made.add_special_tokens(names[: len(MARKS) + SPANS])
    begin, end = MARKS["cls_token"], MARKS["sep_token"]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} $B:1 {end}:1",
        special_tokens=[(name, names.index(name)) for name in (begin, end)],
    )
    return transformers().PreTrainedTokenizerFast(
        tokenizer_object=made,
        **MARKS,
        eos_token=end,
        model_max_length=config.longest,
    )


def _pieces(
    words: Mapping[str, int],
    merged: Any,  # noqa: ANN401 - a Tokenizer
    within: str,
) -> list[str]:
    """Return the pieces that words are written with, the commonest first; inner ones marked."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for at, piece in enumerate(merged.encode(word).tokens):
            counts[piece if at == 0 else f"{within}{piece}"] += count
        # Single characters stay writable, at the beginning of a word and within.
        for at, letter in enumerate(word):
            counts[letter if at == 0 else f"{within}{letter}"] += 0
    return sorted(counts, key=lambda piece: (-counts[piece], piece))


def build_body(
    family: Family,
    tokeniser: Any,  # noqa: ANN401 - a tokeniser of transformers
    config: BuildConfig,
    *,
    seed: int,
) -> nn.Module:
    """Return a model of a family, with its head, that has learned nothing."""
    package = transformers()
    alike = {"vocab_size": len(tokeniser), "pad_token_id": tokeniser.pad_token_id}
    ends = {"bos_token_id": tokeniser.cls_token_id, "eos_token_id": tokeniser.eos_token_id}
    width, layers, heads = config.width, config.layers, config.heads
    if family == "encoder":
        shape = package.BertConfig(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * width,
            max_position_embeddings=config.longest,
            **alike,
        )
        maker = package.BertForMaskedLM
    elif family == "decoder":
        shape = package.GPT2Config(
            n_embd=width,
            n_layer=layers,
            n_head=heads,
            n_positions=config.longest,
            **alike,
            **ends,
        )
        maker = package.GPT2LMHeadModel
    else:
        shape = package.T5Config(
            d_model=width,
            d_kv=width // heads,
            d_ff=4 * width,
            num_layers=layers,
            num_heads=heads,
            decoder_start_token_id=tokeniser.pad_token_id,
            eos_token_id=tokeniser.eos_token_id,
            **alike,
        )
        maker = package.T5ForConditionalGeneration
    with torch.random.fork_rng(devices=[]), quietly():
        torch.manual_seed(seed)
        body: nn.Module = maker(shape)
    return body


def take_over(
    body: Any,  # noqa: ANN401 - a model of transformers
    before: Any,  # noqa: ANN401 - its tokeniser
    after: Any,  # noqa: ANN401 - the tokeniser that shall be
) -> int:
    """Give a model another vocabulary; return how many tokens both have.

    A token that both have keeps its vector; any other begins as the mean of the tokens that it was
    written with before.
    """
    old = body.get_input_embeddings().weight.detach().clone()
    known, names = before.get_vocab(), after.get_vocab()
    fresh = old.mean(dim=0).repeat(len(after), 1)
    kept = 0
    for name, number in names.items():
        if name in known:
            fresh[number] = old[known[name]]
            kept += 1
            continue
        pieces = before(name.removeprefix("##"), add_special_tokens=False)["input_ids"]
        pieces = [each for each in pieces if each != before.unk_token_id]
        if pieces:
            fresh[number] = old[pieces].mean(dim=0)
    with quietly():
        body.resize_token_embeddings(len(after), mean_resizing=False)
    with torch.no_grad():
        body.get_input_embeddings().weight.copy_(fresh)
    body.config.pad_token_id = after.pad_token_id
    return kept


def write_model(
    folder: Path,
    body: Any,  # noqa: ANN401 - a model of transformers
    tokeniser: Any,  # noqa: ANN401 - a tokeniser of transformers
    *,
    notes: Sequence[tuple[str, str]] = (),
) -> None:
    """Write a model as its authors would: config, safetensors, tokeniser; and notes by name."""
    folder.mkdir(parents=True, exist_ok=True)
    with quietly():
        body.save_pretrained(folder, safe_serialization=True)
    tokeniser.save_pretrained(folder)
    for name, text in notes:
        (folder / name).write_text(text, encoding="utf-8")
