"""One aspect of what happened, as a vector: the port of all modalities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from limner.dataset.batches import Batch
from limner.dataset.vocabulary import Vocabulary

__all__ = ["Known", "Modality"]


@dataclass(frozen=True, slots=True)
class Known:
    """What a log taught before any weight: its names, and the quantiles of its numbers.

    ``edges`` has an entry for each of :data:`~limner.dataset.quantiles.MEASURES`.
    """

    vocabulary: Vocabulary
    edges: Mapping[str, NDArray[np.float32]]


class Modality(Protocol):
    """Reads one aspect of every visit; made from :class:`Known` and the width D."""

    def __call__(self, batch: Batch) -> Tensor:
        """Return one vector a visit (B, T, D); padding may hold anything finite."""
        ...

    def items(self, codes: Tensor) -> Tensor | None:
        """Return what the aspect knows of K items (K, D); none if it knows nothing of items.

        ``codes`` (K, F) are numbers of the vocabulary, one column a field.
        """
        ...
