"""Hidden spans, written one after another (Raffel and others 2020, section 3.1.4)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from limner.config import Config
from limner.encoders.language.opening import Family, Purpose
from limner.encoders.language.tokens import Tokens
from limner.errors import BadModel

__all__ = ["HiddenSpans"]

Ints = NDArray[np.int64]
UNASKED = -100
"""What transformers takes for a place that costs nothing."""


class HiddenSpans(Config):
    """Spans become marks, and the model writes each mark and what stood there."""

    purpose: ClassVar[Purpose] = "spans"
    scratch: ClassVar[Family] = "encoder_decoder"
    sides: ClassVar[tuple[int, ...]] = (1,)

    share: float = Field(0.15, gt=0, lt=1)
    """So many of a text's tokens are hidden, one at least."""
    length: float = Field(3.0, ge=1)
    """How long a span is on average, in tokens."""

    def ready(self, tokeniser: Any) -> None:  # noqa: ANN401
        """Refuse a tokeniser without marks for spans."""
        if not _marks(tokeniser):
            raise BadModel("the tokeniser has no marks <extra_id_0>, … for spans")

    def loss(
        self,
        model: Any,  # noqa: ANN401
        sides: Sequence[Tokens],
        rows: Ints,
        *,
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> Tensor:
        """Return how unlikely the spans seemed."""
        marks, end, side = _marks(tokeniser), tokeniser.eos_token_id, sides[0]
        shown, wanted = [], []
        for row in rows:
            own = side.ids[side.at[row] : side.at[row + 1]].astype(np.int64)
            text = own[~np.isin(own, [end, tokeniser.cls_token_id or end])]
            if not len(text):
                text = own[:1]
            left, asked = self.split(text, marks, rng)
            shown.append([*left, end])
            wanted.append([*asked, end])
        device = next(model.parameters()).device
        numbers = _padded(shown, side.padding)
        held = torch.arange(numbers.shape[1]) < torch.tensor([len(row) for row in shown])[:, None]
        told = model(
            input_ids=numbers.to(device),
            attention_mask=held.long().to(device),
            labels=_padded(wanted, UNASKED).to(device),
        )
        loss: Tensor = told.loss
        return loss

    def split(
        self, text: Ints, marks: Sequence[int], rng: np.random.Generator
    ) -> tuple[list[int], list[int]]:
        """Return a text (T,) with marks for its spans, and the marks with what stood there."""
        count = len(text)
        hidden = min(max(1, round(self.share * count)), count)
        spans = min(max(1, round(hidden / self.length)), count - hidden + 1, len(marks), hidden)
        spans = max(spans, 1)
        lengths = _parts(hidden, spans, rng)
        # Between two spans something is left, before the first and behind the last perhaps nothing.
        gaps = _parts(count - hidden + 2, spans + 1, rng)
        gaps[0], gaps[-1] = gaps[0] - 1, gaps[-1] - 1
        left: list[int] = []
        asked: list[int] = []
        at = 0
        for mark, gap, length in zip(marks, gaps[:-1], lengths, strict=False):
            left += [*text[at : at + gap].tolist(), mark]
            asked += [mark, *text[at + gap : at + gap + length].tolist()]
            at += gap + length
        return left + text[at:].tolist(), asked


def _parts(whole: int, count: int, rng: np.random.Generator) -> list[int]:
    """Return ``count`` whole numbers, one at least each, that sum up to ``whole``."""
    if count == 1:
        return [whole]
    cuts = np.sort(rng.choice(whole - 1, count - 1, replace=False)) + 1
    return [int(each) for each in np.diff(np.concatenate([[0], cuts, [whole]]))]


def _marks(tokeniser: Any) -> list[int]:  # noqa: ANN401
    known = tokeniser.get_vocab()
    names = (f"<extra_id_{at}>" for at in range(100))
    return [known[name] for name in names if name in known]


def _padded(rows: Sequence[Sequence[int]], padding: int) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])
