"""What could be learned if only few customers had told what became of them."""

from collections.abc import Sequence

import numpy as np

from limner.errors import BadConfig
from limner.heads.study import Sample

__all__ = ["few_labels"]


def few_labels(
    train: Sequence[Sample], validation: Sample, *, share: float, seed: int
) -> tuple[list[Sample], Sample]:
    """Keep the labels of a share of the customers, at all cuts; the others have told nothing.

    The same seed keeps the same customers for every method, and those of a smaller share are among
    those of a larger one.

    Parameters
    ----------
    train, validation
        The samples to learn from.
    share
        The share of customers that is kept, in (0, 1]; one at least.
    seed
        Where chance begins.

    Raises
    ------
    BadConfig
        If the share is not within (0, 1].
    """
    if not 0 < share <= 1:
        raise BadConfig(f"the share of labels must lie between 0 and 1, got {share:g}")
    if share == 1:
        return list(train), validation
    everybody = np.unique(np.concatenate([one.customers for one in [*train, validation]]))
    order = np.random.default_rng([seed, 1]).permutation(everybody)
    kept = order[: max(1, round(share * len(order)))]

    def of(sample: Sample) -> Sample:
        return sample.take(np.isin(sample.customers, kept))

    return [of(sample) for sample in train], of(validation)
