"""A pretrained language model as an encoder: a vector a text."""

from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.encoders.language.opening import Opened
from limner.encoders.language.tokens import Tokens

__all__ = ["TextEncoder"]


class TextEncoder(nn.Module):
    """The vectors of a text's tokens, pooled into one.

    Parameters
    ----------
    body
        A module of transformers that gives ``last_hidden_state``.
    pooling
        The mean of the vectors of all tokens, the first's, or the last's.
    """

    def __init__(self, body: nn.Module, *, pooling: Literal["mean", "first", "last"]) -> None:
        super().__init__()
        self.body, self.pooling = body, pooling

    @classmethod
    def of(cls, opened: Opened) -> "TextEncoder":
        """Return the encoder of a model that was opened for vectors."""
        return cls(opened.body, pooling=opened.pooling).eval()

    @property
    def width(self) -> int:
        """The length of a vector, D."""
        config: Any = self.body.config
        return int(getattr(config, "hidden_size", None) or config.d_model)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers that stand upon each other, the lowest first."""
        stacks = [
            (name, part)
            for name, part in self.named_modules()
            if isinstance(part, nn.ModuleList) and len({type(each) for each in part}) == 1
        ]
        if not stacks:
            return ()
        name, stack = max(stacks, key=lambda one: len(one[1]))
        return tuple(f"{name}.{at}" for at in range(len(stack)))

    @property
    def below(self) -> tuple[str, ...]:
        """What comes before the layers, and all of these but the last."""
        layers = self.layers
        names = [name for name, _ in self.body.named_children()]
        holding = layers[0].split(".")[1] if layers else ""
        before = names[: names.index(holding)] if holding in names else []
        return (*(f"body.{name}" for name in before), *layers[:-1])

    def forward(self, numbers: Tensor, held: Tensor) -> Tensor:
        """Return a vector a text (B, D), of tokens (B, L) and 1 where there is one."""
        told = self.body(input_ids=numbers, attention_mask=held).last_hidden_state
        if self.pooling == "first":
            return cast("Tensor", told[:, 0])
        if self.pooling == "last":
            last = (held.sum(dim=1) - 1)[:, None, None].expand(-1, 1, told.shape[2])
            return cast("Tensor", told.gather(1, last)[:, 0])
        weights = held.unsqueeze(-1).to(told)
        return cast("Tensor", (told * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1))

    def read(
        self, tokens: Tokens, rows: NDArray[np.int64] | None = None, *, part: int = 64
    ) -> NDArray[np.float32]:
        """Return the vectors of texts (N, D), in evaluation and without gradients.

        ``part`` of like length are read at once; ``rows`` picks some of the texts.
        """
        rows = np.arange(len(tokens)) if rows is None else rows
        found = np.zeros((len(rows), self.width), np.float32)
        place = np.argsort(tokens.lengths[rows], kind="stable")
        learns, device = self.training, next(self.parameters()).device
        self.eval()
        try:
            with torch.inference_mode():
                for at in range(0, len(place), part):
                    some = place[at : at + part]
                    numbers, held = tokens.batch(rows[some])
                    told = self(numbers.to(device), held.to(device))
                    found[some] = told.float().cpu().numpy()
        finally:
            self.train(learns)
        return found
