"""A pretrained vision model as an encoder: a vector a picture."""

from typing import Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.encoders.vision.opening import OpenedVision

__all__ = ["PictureEncoder"]

TOP = 3
"""So many of the last layers of a network of convolutions are its top."""


class PictureEncoder(nn.Module):
    """Brings pixels (B, 3, S, S), from 0 to 255, to the scale of a model, and asks it.

    Parameters
    ----------
    opened
        The model.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, opened: OpenedVision) -> None:
        super().__init__()
        self.body, self._width, self.size = opened.body, opened.width, opened.size
        self.register_buffer("mean", torch.tensor(opened.mean).reshape(3, 1, 1), persistent=False)
        self.register_buffer(
            "spread", torch.tensor(opened.spread).reshape(3, 1, 1), persistent=False
        )
        self.eval()

    @property
    def width(self) -> int:
        """The length of a vector, D."""
        return self._width

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers that stand upon each other, the lowest first."""
        stacks = [
            (name, part) for name, part in self.named_modules() if isinstance(part, nn.ModuleList)
        ]
        if not stacks:
            return ()
        name, stack = max(stacks, key=lambda one: len(one[1]))
        return tuple(f"{name}.{at}" for at in range(len(stack)))

    @property
    def below(self) -> tuple[str, ...]:
        """What comes before the layers, and all of these but the last few."""
        layers = self.layers
        holder = layers[0].rpartition(".")[0] if layers else ""
        above, _, own = holder.rpartition(".")
        names = [name for name, _ in self.get_submodule(above).named_children()]
        before = names[: names.index(own)] if own in names else []
        kept = layers[: -min(TOP, len(layers))]
        return (*(f"{above}.{name}" if above else name for name in before), *kept)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - as torch has it
        """Set learning or evaluation; the running means of a network stay as they are in both.

        Batches of a shop are few and small, so that means over them lag behind weights that move,
        and belong to parts of pictures, not to the whole ones that are asked about.
        """
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        """Return a vector a picture (B, D)."""
        scaled = (pixels.float() / 255 - self.mean) / self.spread
        # With the colours of a place side by side a CPU convolves about twice as fast.
        scaled = scaled.contiguous(memory_format=torch.channels_last)
        return cast("Tensor", self.body(scaled))

    def read(self, pixels: NDArray[np.uint8], *, part: int = 32) -> NDArray[np.float32]:
        """Return the vectors of pictures (N, D), in evaluation and without gradients."""
        found = np.zeros((len(pixels), self.width), np.float32)
        learns, device = self.training, self.mean.device
        self.eval()
        try:
            with torch.inference_mode():
                for at in range(0, len(pixels), part):
                    some = torch.from_numpy(pixels[at : at + part]).to(device)
                    found[at : at + part] = self(some).float().cpu().numpy()
        finally:
            self.train(learns)
        return found
