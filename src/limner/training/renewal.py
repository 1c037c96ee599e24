"""Learning from new months without forgetting the old: elastic weights, and replay."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from limner.errors import BadShape, NotFitted, TooFew

__all__ = ["Anchor", "replay_moments", "replay_rows"]

Ints = NDArray[np.int64]


class Anchor:
    """Holds weights to where they were, each as strongly as it mattered for what came before.

    Parameters
    ----------
    places
        Where the weights were, by name.
    importance
        How much each mattered: the diagonal of the Fisher information, by name.

    References
    ----------
    Kirkpatrick and others: "Overcoming Catastrophic Forgetting in Neural Networks", PNAS 114, 2017,
    equation 3.
    """

    def __init__(self, places: Mapping[str, Tensor], importance: Mapping[str, Tensor]) -> None:
        self.places, self.importance = dict(places), dict(importance)

    @classmethod
    def measure(cls, module: nn.Module, losses: Iterable[Callable[[], Tensor]]) -> "Anchor":
        """Measure how much the weights that learn matter, where they stand now.

        The Fisher information is the mean of squared gradients of the log likelihood of single
        customers; of losses that are means over B customers it comes out up to B times too small.

        Parameters
        ----------
        module
            The model and its heads.
        losses
            Each computes a negative log likelihood of what came before.

        Raises
        ------
        TooFew
            If there is no loss.
        """
        named = {name: each for name, each in module.named_parameters() if each.requires_grad}
        squares = {name: torch.zeros_like(each) for name, each in named.items()}
        count = 0
        for loss in losses:
            found = torch.autograd.grad(loss(), list(named.values()), allow_unused=True)
            for name, gradient in zip(named, found, strict=True):
                if gradient is not None:
                    squares[name] += gradient.square()
            count += 1
        if not count:
            raise TooFew("nothing came before that weights could matter for")
        places = {name: each.detach().clone() for name, each in named.items()}
        return cls(places, {name: each / count for name, each in squares.items()})

    def cost(self, module: nn.Module) -> Tensor:
        """Return half the weighted squared distance of a module's weights from their places.

        Raises
        ------
        BadShape
            If a weight that is held is missing or has another shape.
        """
        named = dict(module.named_parameters())
        total = []
        for name, place in self.places.items():
            if name not in named or named[name].shape != place.shape:
                raise BadShape(f"the model has no weight {name!r} of shape {tuple(place.shape)}")
            away = named[name] - place.to(named[name])
            total.append((self.importance[name].to(away) * away.square()).sum() / 2)
        return torch.stack(total).sum()

    def save(self, file: Path) -> None:
        """Write places and importance into a file with the suffix ``.safetensors``."""
        tensors = {f"place.{name}": each for name, each in self.places.items()}
        tensors |= {f"importance.{name}": each for name, each in self.importance.items()}
        save_file(tensors, file.with_suffix(".safetensors"))

    @classmethod
    def load(cls, file: Path) -> "Anchor":
        """Read what :meth:`save` wrote.

        Raises
        ------
        NotFitted
            If there is no such file.
        """
        file = file.with_suffix(".safetensors")
        if not file.is_file():
            raise NotFitted(f"there is no anchor at {file}")
        parts: dict[str, dict[str, Tensor]] = {"place": {}, "importance": {}}
        for key, each in load_file(file).items():
            part, name = key.split(".", 1)
            parts[part][name] = each
        return cls(parts["place"], parts["importance"])


def replay_rows(
    rng: np.random.Generator, old: Ints, new: Ints, *, count: int, share: float
) -> Ints:
    """Draw rows for a batch of which a share comes from what was learned before (Robins 1995).

    Parameters
    ----------
    rng
        The step's own chance.
    old, new
        The rows there are; each comes at most once into a batch.
    count
        How many are drawn; fewer where there are not so many.
    share
        The share of old ones, in [0, 1]; what one side lacks the other gives.
    """
    from_old = min(round(share * count), len(old))
    from_new = min(count - from_old, len(new))
    from_old = min(count - from_new, len(old))
    return np.concatenate(
        [rng.choice(old, from_old, replace=False), rng.choice(new, from_new, replace=False)]
    )


def replay_moments(
    rng: np.random.Generator, first_us: Ints, latest_us: Ints, *, since_us: int, share: float
) -> Ints:
    """Draw a moment between each first and latest one, a share of them from before the new months.

    Parameters
    ----------
    rng
        The step's own chance.
    first_us, latest_us
        The bounds of each moment, of one shape, in microseconds since 1970.
    since_us
        When the new months begin.
    share
        The share of moments before that, in [0, 1]; where one side is empty, the other is taken.
    """
    middle = np.clip(since_us, first_us, latest_us)
    old = rng.random(np.shape(middle)) < share
    old = np.where(middle <= first_us, False, np.where(middle >= latest_us, True, old))
    low, high = np.where(old, first_us, middle), np.where(old, middle, latest_us)
    return np.asarray(low + rng.random(np.shape(middle)) * (high - low)).astype(np.int64)
