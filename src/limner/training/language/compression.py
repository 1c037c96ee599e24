"""Making a tuned language model light: the port of all ways, and what their students share."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.encoders.language.light import LightEncoder
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.texts import tidy_texts
from limner.encoders.language.tokens import Tokens
from limner.errors import BadConfig
from limner.heads.language.light_text import LightText
from limner.training.course import LoopConfig
from limner.training.language.bases import TokenBase
from limner.training.language.text_lesson import batch_of_turn, turn_of
from limner.training.language.tuned_text import TunedText
from limner.training.loop import run

__all__ = ["Compression", "compress_text", "onto_teacher", "teach_vectors"]

Floats = NDArray[np.float32]
LEAST_TEXTS = 20
PENALTY = 1e-2
"""Weight of the squared map against the squared error, a text."""


class Compression(Protocol):
    """Makes a light encoder of a text encoder; one file each in ``compressions``."""

    needs_texts: ClassVar[bool]
    """Whether it learns from texts, which need no label."""

    def write(
        self,
        encoder: TextEncoder,
        tokeniser: Any,  # noqa: ANN401 - of transformers
        folder: Path,
        *,
        texts: Sequence[str],
        longest: int,
        seed: int,
        progress: Callable[[str, float], None] | None,
    ) -> None:
        """Write what :class:`~limner.encoders.language.light.LightEncoder` opens.

        Its vectors lie in the space of the encoder's: heads that learned upon these read them.
        """
        ...


def compress_text(
    tuned: TunedText,
    folder: Path,
    *,
    way: Compression,
    texts: Sequence[str] = (),
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> LightText:
    """Make a tuned model light, into a folder; the model stays as it is.

    Parameters
    ----------
    tuned
        The model.
    folder
        Where to; replaced whole.
    way
        A file of ``training/language/compressions``.
    texts
        Texts of the kind it will be asked, without labels; the way learns from them if it learns.
    seed
        Where chance begins.
    progress
        Is told how learning goes.

    Raises
    ------
    BadConfig
        If the way learns from texts and there are too few, or cannot treat this model.
    MissingExtra
        If onnx or onnxruntime is not installed.
    """
    if not isinstance(tuned.base, TokenBase):
        raise BadConfig(
            f"{tuned.base.name} has no network that could be made smaller",
            hint="it answers as it is: limner language predict",
        )
    tidy = [each for each in tidy_texts(texts) if each]
    if way.needs_texts and len(tidy) < LEAST_TEXTS:
        raise BadConfig(
            f"it learns from texts, {LEAST_TEXTS} at least, got {len(tidy)}",
            hint="--texts FILE with texts like those it will be asked; they need no label",
        )
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    way.write(
        cast("TextEncoder", tuned.whole.encoder),
        tuned.base.opened.tokeniser,
        fresh,
        texts=tidy,
        longest=tuned.facts["longest"],
        seed=seed,
        progress=progress,
    )
    state = tuned.whole.state_dict()
    names = {"head.weight": "weight", "head.bias": "bias"}
    names |= {"meeting.0": "read", "meeting.3": "told"}
    head = {
        _renamed(name, names): each.detach().cpu().numpy()
        for name, each in state.items()
        if not name.startswith("encoder.")
    }
    light = LightText(
        tuned.task,
        LightEncoder(fresh),
        head,
        words=tuned.words,
        blend=tuned.blend,
        directions=tuned.directions,
        scores=tuned.scores,
    )
    light.save(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return LightText.load(folder)


def _renamed(name: str, names: Mapping[str, str]) -> str:
    """Return the name that the light head has for a weight."""
    for before, after in names.items():
        if name.startswith(before):
            return name.replace(before, after, 1)
    return name


class _Lesson:
    """A student learns the vectors that a teacher gives to texts."""

    def __init__(
        self, module: nn.Module, tokens: Tokens, wanted: Floats, *, batch: int, seed: int
    ) -> None:
        self.module, self.tokens, self.wanted = module, tokens, wanted
        self.batch, self.seed = batch, seed

    def loss(self, step: int, draw: int) -> Tensor:
        """Return how far the student's vectors lie from the teacher's, by their cosine."""
        turn = turn_of(step, draw, accumulate=1)
        rows = batch_of_turn(self.tokens.lengths, turn, batch=self.batch, seed=self.seed)
        device = next(self.module.parameters()).device
        numbers, held = (each.to(device) for each in self.tokens.batch(rows))
        wanted = torch.from_numpy(self.wanted[rows]).to(device)
        said = self.module(numbers, held).float()
        return (1 - nn.functional.cosine_similarity(said, wanted, dim=1)).mean()

    def examine(self) -> float | None:
        """Return None: there are no labels to stop by, and texts enough."""
        return None


def teach_vectors(
    student: nn.Module,
    tokens: Tokens,
    wanted: Floats,
    *,
    epochs: float,
    rate: float,
    batch: int,
    seed: int,
    progress: Callable[[str, float], None] | None,
) -> None:
    """Let a student, which reads tokens (B, L) and where they are, come near vectors (N, D)."""
    batch = min(batch, len(tokens))
    steps = max(1, round(epochs * len(tokens) / batch))
    loop = LoopConfig(
        steps=steps, learning_rate=rate, examine_every=steps, save_every=steps, patience=0
    )
    lesson = _Lesson(student, tokens, wanted, batch=batch, seed=seed)
    run(lesson, loop, seed=seed, progress=progress)


def onto_teacher(mine: Floats, wanted: Floats) -> nn.Linear:
    """Return the map that brings vectors (N, E) nearest to a teacher's (N, D): ridge regression."""
    count = len(mine)
    with_one = np.concatenate([mine, np.ones((count, 1), np.float32)], axis=1).astype(np.float64)
    scale = float(np.square(mine).mean()) or 1.0
    far = np.eye(with_one.shape[1]) * PENALTY * scale * max(count, 1)
    far[-1, -1] = 1e-9
    found = np.linalg.solve(with_one.T @ with_one + far, with_one.T @ wanted)
    onto = nn.Linear(mine.shape[1], wanted.shape[1])
    with torch.no_grad():
        onto.weight.copy_(torch.from_numpy(found[:-1].T.astype(np.float32)))
        onto.bias.copy_(torch.from_numpy(found[-1].astype(np.float32)))
    return onto.requires_grad_(requires_grad=False)
