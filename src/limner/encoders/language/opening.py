"""Opening a pretrained language model by a name or from a folder, and nothing that could run code.

Weights come from safetensors alone: a pickle runs whatever its author wished when it is read. Code
that lies beside the weights is never run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from limner.encoders.language.finding import find_folder, lasting_name
from limner.errors import BadModel, LimnerError, MissingExtra

__all__ = ["Family", "Opened", "open_language", "quietly", "refusing", "transformers"]

Family = Literal["encoder", "decoder", "encoder_decoder"]
Purpose = Literal["vectors", "masked", "next", "spans"]
DECODERS = frozenset(
    {"bloom", "falcon", "gemma", "gemma2", "gpt2", "gpt_neo", "gpt_neox", "llama", "mistral"}
    | {"olmo", "opt", "phi", "phi3", "qwen2", "qwen3", "smollm3", "xglm"}
)
"""Kinds of model that read from left to right, where their config names no task."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A model, its tokeniser, and what it is.

    Attributes
    ----------
    name
        What it was asked by: opens it again.
    folder
        Where it lies.
    family
        Whether it reads both ways, from left to right, or reads and writes.
    tokeniser
        Of transformers.
    body
        The module, in evaluation, all weights float32.
    pooling
        How the vectors of tokens become one: the mean, the first's, or the last's.
    longest
        How many tokens it was made to read.
    """

    name: str
    folder: Path
    family: Family
    tokeniser: Any
    body: nn.Module
    pooling: Literal["mean", "first", "last"]
    longest: int


def transformers() -> Any:  # noqa: ANN401 - a module of another house
    """Return the package; it takes seconds to load, so nobody does before it is needed.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    try:
        import transformers as package  # noqa: PLC0415 - see above
    except ImportError:
        raise MissingExtra("language models", "transformers", "language") from None
    return package


def open_language(name: str, *, purpose: Purpose = "vectors") -> Opened:
    """Open a model.

    Parameters
    ----------
    name
        A folder, a name of :mod:`~limner.encoders.language.guide`, or one of Hugging Face's hub.
    purpose
        What the module shall give: vectors of tokens, or the scores of tokens that are masked, that
        come next, or that fill a span.

    Raises
    ------
    BadModel
        If there is no such model, it is not whole, holds a pickle or needs code of its own.
    MissingExtra
        If transformers is not installed, or the package that ships the model.
    """
    package = transformers()
    folder = find_folder(name)
    with quietly(), refusing(name):
        config = package.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        family = _family(config)
        maker = _maker(package, family, purpose, name)
        body, told = maker.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
        tokeniser = package.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    missing = [key for key in told["missing_keys"] if "pooler" not in key]
    if purpose != "vectors":
        # Who gives vectors of tokens may learn to score them: the head is made anew.
        heads = tuple(f"{name}." for name, _ in body.named_children())[1:]
        missing = [key for key in missing if not key.startswith(heads)]
    if missing or told.get("mismatched_keys"):
        some = ", ".join(sorted(missing)[:3]) or "weights of other sizes"
        raise BadModel(f"{name} lacks weights of a {family} for {purpose}: {some}")
    if purpose == "vectors":
        body = body.get_encoder() if family == "encoder_decoder" else body
        # What a pooler makes of the first token was seldom learned; we pool ourselves.
        if getattr(body, "pooler", None) is not None:
            body.pooler = None
    if tokeniser.pad_token_id is None and tokeniser.eos_token is not None:
        tokeniser.pad_token = tokeniser.eos_token
    return Opened(
        name=lasting_name(name),
        folder=folder,
        family=family,
        tokeniser=tokeniser,
        body=body.eval(),
        pooling=_pooling(folder, family),
        longest=_longest(config, tokeniser),
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Let transformers neither draw bars nor warn."""
    log = transformers().utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Say in our words what a library could not open."""
    try:
        yield
    except LimnerError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        told = " ".join((str(error).strip() or type(error).__name__).split())
        raise BadModel(f"{name} cannot be opened: {told[:300]}") from None
    except Exception as error:  # safetensors has an error of its own
        if type(error).__module__.split(".")[0] not in {"safetensors", "safetensors_rust"}:
            raise
        raise BadModel(f"{name}: its weights are no safetensors: {error}") from None


def _family(config: Any) -> Family:  # noqa: ANN401 - a config of transformers
    if config.is_encoder_decoder:
        return "encoder_decoder"
    tasks = " ".join(config.architectures or ())
    if "CausalLM" in tasks or "LMHeadModel" in tasks or config.model_type in DECODERS:
        return "decoder"
    return "encoder"


def _maker(package: Any, family: Family, purpose: Purpose, name: str) -> Any:  # noqa: ANN401
    makers: dict[tuple[str, str], Any] = {
        ("encoder", "masked"): package.AutoModelForMaskedLM,
        ("decoder", "next"): package.AutoModelForCausalLM,
        ("encoder_decoder", "spans"): package.AutoModelForSeq2SeqLM,
    }
    if purpose == "vectors":
        return package.AutoModel
    if (family, purpose) not in makers:
        fit = next(wish for kind, wish in makers if kind == family)
        raise BadModel(
            f"{name} is of the {family} family, which does not learn {purpose} tokens",
            hint=f"it learns {fit} ones",
        )
    return makers[family, purpose]


def _pooling(folder: Path, family: Family) -> Literal["mean", "first", "last"]:
    """Return how the model was made to be pooled, as its folder says, or as its family is."""
    told = folder / "1_Pooling" / "config.json"
    if told.is_file():
        table = json.loads(told.read_text(encoding="utf-8"))
        if table.get("pooling_mode_cls_token"):
            return "first"
        if table.get("pooling_mode_lasttoken"):
            return "last"
        return "mean"
    return "last" if family == "decoder" else "mean"


def _longest(config: Any, tokeniser: Any) -> int:  # noqa: ANN401 - both of transformers
    """Return how many tokens there are places for."""
    known = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    # RoBERTa counts its places from behind the padding's number.
    behind = (tokeniser.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
    limits = [tokeniser.model_max_length, (known or 512) - behind]
    return int(min(each for each in limits if each and each < 1_000_000))
