"""How a language model is tuned for texts: the settings, and what suits most."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from limner.config import Config
from limner.heads.language.directions import DirectionsConfig
from limner.heads.language.words import WordsConfig
from limner.training.course import LoopConfig
from limner.training.language.few_shot import FewShotConfig
from limner.training.language.pseudo_labels import PseudoLabelsConfig
from limner.training.robust import AdversaryConfig

__all__ = ["FEWSHOT", "FROZEN", "MODEL_RATES", "TextFinetuneConfig"]

FEWSHOT, FROZEN = "fewshot", "frozen"
LOOP: Mapping[str, Any] = {"learning_rate": 1e-3, "precision": "bfloat16", "patience": 0}
MODEL_RATES = {"full": 1e-4, "top": 2e-4, "lora": 1e-3, "adalora": 2e-3, "adapter": 1e-3}
"""How fast the weights of a language model learn well, by the way of tuning."""


class TextFinetuneConfig(Config):
    """How a language model is tuned for texts."""

    base: str = "minilm"
    """The model: a folder, a name of the guide, or of Hugging Face's hub; ``use-multilingual``
    gives vectors that stay as they are, so it goes with ``frozen`` alone."""
    method: Literal["full", "top", "lora", "adalora", "adapter", "fewshot", "frozen"] = "full"
    """Which weights learn: a file of ``model/tuning``; ``fewshot`` first draws texts of one class
    together (Tunstall and others 2022); ``frozen`` leaves the model as it is."""
    tuning: dict[str, Any] = Field(default_factory=dict)
    """Settings of the method."""
    loss: str = ""
    """What being wrong costs: a file of ``training/losses``; empty: the one for the task."""
    loss_settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the loss."""
    loop: LoopConfig = LoopConfig(**LOOP)
    """How it learns; the rate is the head's. Steps and examinations follow ``epochs``."""
    epochs: float = Field(5.0, gt=0)
    """How often each text teaches."""
    examinations: int = Field(8, ge=1)
    """How often those held out examine."""
    model_rate: float | None = Field(None, gt=0)
    """The language model's own rate; none: as suits the method."""
    batch: int = Field(32, ge=2)
    """Texts of one batch."""
    longest: int = Field(128, ge=4)
    """Tokens of a text that are read at most."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """The share of what the head reads that is dropped while learning."""
    held: float = Field(0.1, ge=0, lt=1)
    """The share of the texts held out, to say when to stop and how to weigh."""
    refit: bool = False
    """Whether to learn again with those held out too, once they said how long to learn."""
    words: bool = True
    """Whether a linear head upon the words answers too, both weighed by those held out."""
    words_settings: WordsConfig = WordsConfig()
    """How the words are read."""
    directions: DirectionsConfig = DirectionsConfig()
    """How main directions are found among texts without a label, where such are given."""
    pseudo_labels: PseudoLabelsConfig | None = None
    """How texts without a label teach as what they are taken for; none: they tell by their main
    directions alone."""
    balanced: bool = False
    """Whether all classes together count alike, however rare one is."""
    adversary: AdversaryConfig | None = None
    """How the vectors of tokens are moved the worst way while learning; none: they are not."""
    few_shot: FewShotConfig = FewShotConfig()
    """How ``fewshot`` draws texts together."""

    @field_validator("loop", mode="before")
    @classmethod
    def _gently(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was given
        """Leave what a table does not say at what suits language models."""
        return {**LOOP, **given} if isinstance(given, Mapping) else given
