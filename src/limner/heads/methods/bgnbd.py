"""The buy-till-you-die yardstick: BG/NBD for orders, Gamma-Gamma for money, from counts alone."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.outlook import any_purchase, expect
from limner.heads.study import Sample, Study

__all__ = ["BgNbd"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class BgNbd:
    """BG/NBD and Gamma-Gamma, fitted by maximum likelihood to all histories before the cut.

    They learn from no labels, so that a horizon longer than the log is no obstacle. ``whether`` is
    answered by the probability of a purchase within the horizon, never by that of being "alive".
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> "_Fitted":
        """Check that the question can be answered; parameters belong to the cut asked about.

        Raises
        ------
        BadConfig
            If the question speaks of other events than purchases.
        TooFew
            If fewer than 30 customers bought, or none came back.
        """
        del train
        learned = _Fitted()
        learned.predict(study, study.plan.test, validation.customers[:1])
        return learned


class _Fitted:
    """Answers of the parameters that the histories before a window's cut make likeliest."""

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Return probabilities (N,), or what is expected and what is typical (N, 2)."""
        if study.question.shape != "whether":
            return expect(study, window, customers)
        bought = any_purchase(study, window, customers)
        return 1 - bought if study.question.nothing else np.asarray(bought)
