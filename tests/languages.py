"""Tiny language models of every family, made in a folder as their authors' are."""

from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = (
    "the red shirt is fine and warm",
    "a bad blue shoe that fell apart",
    "green tea tastes fresh, thanks",
    "my parcel came late and broken",
)


@cache
def tokeniser():
    """Return a tokeniser of word pieces that has seen the words above."""
    from transformers import PreTrainedTokenizerFast

    # The package's own trainer does not find the same pieces in every run.
    found = [word for line in WORDS for word in line.replace(",", " ,").split()]
    letters = sorted({letter for word in found for letter in word})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    special += [f"<extra_id_{at}>" for at in range(8)]
    names = [*special, *letters, *(f"##{each}" for each in letters), *sorted(set(found))]
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    made = Tokenizer(models.WordPiece(places, unk_token="[UNK]"))
    made.add_special_tokens(special)
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        eos_token="[SEP]",
        model_max_length=64,
    )


def tiny(folder: Path, family: str = "encoder", *, seed: int = 0) -> Path:
    """Write a model of a family with all its heads, and return its folder."""
    import torch
    import transformers as package

    words = tokeniser()
    alike = {"vocab_size": len(words), "pad_token_id": words.pad_token_id}
    if family == "encoder":
        config = package.BertConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
            **alike,
        )
        maker = package.BertForMaskedLM
    elif family == "decoder":
        config = package.GPT2Config(
            n_embd=16,
            n_layer=2,
            n_head=2,
            n_positions=64,
            eos_token_id=words.eos_token_id,
            bos_token_id=words.cls_token_id,
            **alike,
        )
        maker = package.GPT2LMHeadModel
    else:
        config = package.T5Config(
            d_model=16,
            d_kv=8,
            d_ff=32,
            num_layers=2,
            num_heads=2,
            decoder_start_token_id=words.pad_token_id,
            eos_token_id=words.eos_token_id,
            **alike,
        )
        maker = package.T5ForConditionalGeneration
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = maker(config)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, safe_serialization=True)
    words.save_pretrained(folder)
    return folder
