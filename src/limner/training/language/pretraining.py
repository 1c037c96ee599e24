"""Further pretraining: a language model learns from a shop's own texts, without a label."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor, nn

from limner import plugins
from limner.config import Config
from limner.encoders.language.building import (
    BuildConfig,
    build_body,
    learn_vocabulary,
    take_over,
    write_model,
)
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.texts import tidy_texts
from limner.encoders.language.tokens import Tokens
from limner.errors import BadConfig, TooFew
from limner.training.course import Course, LoopConfig
from limner.training.language import objectives
from limner.training.language.labelled_texts import hashed
from limner.training.language.text_lesson import batch_of_turn, turn_of
from limner.training.language.text_objective import TextObjective
from limner.training.loop import run

__all__ = ["SCRATCH", "PretrainedText", "TextPretrainConfig", "pretrain_texts"]

Ints = NDArray[np.int64]
SCRATCH = "scratch"
"""The name of a base that is built anew."""
LOOP: Mapping[str, Any] = {"precision": "bfloat16", "patience": 0}
ANEW, FURTHER = 1e-3, 1e-4
"""How fast a model that knows nothing learns well, and one that shall not forget."""
EXAMINED = 1000
"""So many of the texts held out are examined, always the same."""


class TextPretrainConfig(Config):
    """How a language model learns from texts without a label."""

    objective: str = "mlm"
    """What is hidden and asked: a file of ``training/language/objectives``."""
    objective_settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the objective."""
    base: str = SCRATCH
    """The model to go on from, as ``limner language models`` names it, or a folder; ``scratch``:
    a small one is built anew, with a vocabulary of the texts."""
    vocabulary: Literal["keep", "new"] = "keep"
    """Whether a base keeps its vocabulary, or takes one of the texts and carries vectors over."""
    build: BuildConfig = BuildConfig()
    """How large a model is that is built anew."""
    loop: LoopConfig = LoopConfig(**LOOP)
    """How it learns; steps and examinations follow ``epochs``, the rate follows ``rate``."""
    rate: float | None = Field(None, gt=0)
    """The learning rate; none: 0.001 for a model that is built anew, else 0.0001."""
    epochs: float = Field(3.0, gt=0)
    """How often each text teaches."""
    examinations: int = Field(6, ge=1)
    """How often those held out examine."""
    batch: int = Field(64, ge=2)
    """Texts of one batch."""
    longest: int = Field(128, ge=8)
    """Tokens of a text that are read at most."""
    held: float = Field(0.02, ge=0, lt=1)
    """The share of the texts held out, to say when to stop."""

    @field_validator("loop", mode="before")
    @classmethod
    def _gently(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was given
        """Leave what a table does not say at what suits language models."""
        return {**LOOP, **given} if isinstance(given, Mapping) else given


@dataclass(frozen=True, slots=True)
class PretrainedText:
    """A model that has learned from texts.

    Attributes
    ----------
    body
        Of transformers, with its head where the objective has one.
    tokeniser
        Of transformers.
    course
        How learning went.
    facts
        What it was learned with.
    seconds
        How long all took.
    """

    body: nn.Module
    tokeniser: Any
    course: Course
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return sum(each.numel() for each in self.body.parameters())

    def save(self, folder: Path, *, notes: Sequence[tuple[str, str]] = ()) -> None:
        """Write it as its authors would, so that ``--base FOLDER`` opens it."""
        write_model(folder, self.body, self.tokeniser, notes=notes)


def pretrain_texts(
    texts: Sequence[Sequence[object]],
    *,
    config: TextPretrainConfig | None = None,
    seed: int = 0,
    keep: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> PretrainedText:
    """Let a language model learn from texts.

    Parameters
    ----------
    texts
        One text a row, or two that belong together where the objective is ``contrastive``.
    config
        How.
    seed
        Where chance begins.
    keep
        A folder for what was learned so far: a run that was killed goes on from there.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    TooFew
        If there are hardly any texts.
    BadConfig
        If the objective does not read so many texts a row.
    BadModel
        If the base is none, or of a family that does not learn so.
    """
    config, began = config or TextPretrainConfig(), time.perf_counter()
    if config.objective not in plugins.names(objectives):
        known = ", ".join(plugins.names(objectives))
        raise BadConfig(f"objective must be one of {known}, got {config.objective!r}")
    objective: TextObjective = plugins.load(objectives, config.objective).read(
        config.objective_settings, where=f"[objective_settings] of {config.objective}"
    )
    sides = _sides(texts, objective, config.objective)
    body, tokeniser, facts = _begin(config, objective, sides, seed)
    objective.ready(tokeniser)
    tokens = [
        Tokens.of(tokeniser, side, longest=min(config.longest, facts["longest"])) for side in sides
    ]
    place = np.array([hashed(row, seed=seed) for row in zip(*sides, strict=True)])
    held, taught = np.flatnonzero(place < config.held), np.flatnonzero(place >= config.held)
    if len(held) < 2 or len(taught) < 2:
        held, taught = held[:0], np.arange(len(place))
    batch = min(config.batch, len(taught))
    steps = max(1, round(config.epochs * len(taught) / batch))
    lesson = _Lesson(
        TextEncoder(body, pooling="mean") if objective.purpose == "vectors" else body,
        objective,
        tokens=tokens,
        taught=taught,
        held=held[:EXAMINED],
        tokeniser=tokeniser,
        batch=batch,
        accumulate=config.loop.accumulate,
        seed=seed,
    )
    loop = config.loop.model_copy(
        update={
            "steps": steps,
            "examine_every": max(1, steps // config.examinations),
            "save_every": max(1, min(config.loop.save_every, steps // 10)),
            "learning_rate": config.rate or (ANEW if config.base == SCRATCH else FURTHER),
        }
    )
    course = run(lesson, loop, seed=seed, keep=keep, progress=progress)
    told = facts | {
        "objective": config.objective,
        "texts": len(place),
        "tokens": int(sum(len(each.ids) for each in tokens)),
        "config": config.model_dump(mode="json"),
        "seed": seed,
    }
    return PretrainedText(body.eval(), tokeniser, course, told, time.perf_counter() - began)


class _Lesson:
    """Texts of one or two sides teach by an objective."""

    def __init__(
        self,
        module: nn.Module,
        objective: TextObjective,
        *,
        tokens: Sequence[Tokens],
        taught: Ints,
        held: Ints,
        tokeniser: Any,  # noqa: ANN401 - of transformers
        batch: int,
        accumulate: int,
        seed: int,
    ) -> None:
        self.module, self.objective, self.tokens = module, objective, tokens
        self.taught, self.held, self.tokeniser = taught, held, tokeniser
        self.batch, self.accumulate, self.seed = batch, accumulate, seed
        self.lengths = np.asarray(sum(each.lengths for each in tokens))[taught]

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the loss of a batch."""
        turn = turn_of(step, draw, accumulate=self.accumulate)
        rows = batch_of_turn(self.lengths, turn, batch=self.batch, seed=self.seed)
        rng = np.random.default_rng([self.seed, step, draw])
        return self._of(self.taught[rows], rng)

    def examine(self) -> float | None:
        """Return the mean loss of those held out, the same hidden each time."""
        if not len(self.held):
            return None
        rng, costs, sizes = np.random.default_rng(self.seed), [], []
        for at in range(0, len(self.held), self.batch):
            some = self.held[at : at + self.batch]
            if len(some) > 1:  # a text alone has no other to be told from
                costs.append(float(self._of(some, rng)))
                sizes.append(len(some))
        return float(np.average(costs, weights=sizes))

    def _of(self, rows: Ints, rng: np.random.Generator) -> Tensor:
        return self.objective.loss(
            self.module, self.tokens, rows, tokeniser=self.tokeniser, rng=rng
        )


def _sides(
    texts: Sequence[Sequence[object]], objective: TextObjective, name: str
) -> list[list[str]]:
    """Return tidy texts, a list a side, rows left out that have an empty one."""
    widths = {len(row) for row in texts}
    if not widths <= set(objective.sides) or len(widths) > 1:
        wanted = " or ".join(map(str, objective.sides))
        raise BadConfig(f"{name} learns from {wanted} text(s) a row, got {sorted(widths)}")
    tidy = [tidy_texts(side) for side in zip(*texts, strict=True)]
    rows = [row for row in zip(*tidy, strict=True) if all(row)]
    if len(rows) < 4:
        raise TooFew(f"there are {len(rows)} texts that are not empty, too few to learn from")
    return [list(side) for side in zip(*rows, strict=True)]


def _begin(
    config: TextPretrainConfig,
    objective: TextObjective,
    sides: Sequence[Sequence[str]],
    seed: int,
) -> tuple[Any, Any, dict[str, Any]]:
    """Return the model to begin with, its tokeniser, and what is to be remembered of both."""
    everything = [text for side in sides for text in side]
    if config.base == SCRATCH:
        tokeniser = learn_vocabulary(everything, config.build)
        body: Any = build_body(objective.scratch, tokeniser, config.build, seed=seed)
        if objective.purpose == "vectors":
            body = body.base_model
        facts = {"base": SCRATCH, "family": objective.scratch, "longest": config.build.longest}
        return body, tokeniser, facts | {"vocabulary": len(tokeniser)}
    opened = open_language(config.base, purpose=objective.purpose)
    body, tokeniser = opened.body, opened.tokeniser
    facts = {"base": config.base, "family": opened.family, "longest": opened.longest}
    if config.vocabulary == "new":
        build = config.build.model_copy(update={"longest": opened.longest})
        tokeniser = learn_vocabulary(everything, build)
        facts["taken_over"] = take_over(body, opened.tokeniser, tokeniser)
    return body, tokeniser, facts | {"vocabulary": len(tokeniser)}
