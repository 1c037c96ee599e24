"""From what a behaviour model says to scores: what each column is called, and its link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from limner.heads.description import Score

__all__ = ["ScoreSheet"]

Floats = NDArray[np.float32]

_AMOUNTS = {"orders": "orders", "worth": "spend"}
"""The heads that speak of an amount, and the questions that they answer."""


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """S scores in order.

    ``outputs`` names the parts of what the model says that they come from, ``blanks`` (S,) are the
    scores still without a value, ``levels`` (S,) by what a typical amount is multiplied so that all
    together are as much as will come; NaN for probabilities.
    """

    outputs: tuple[str, ...]
    blanks: tuple[Score, ...]
    levels: Floats

    @classmethod
    def of(cls, served: Mapping[str, Any]) -> Self:
        """Read what ``config.json`` says is served."""
        horizons = [float(days) for days in served["horizons_days"]]
        outputs: list[str] = []
        blanks: list[Score] = []
        levels: list[float] = []
        if horizons:
            outputs += ["window_whether", "window_orders", "window_worth"]
            blanks += [
                Score("purchase", days, 0.0, "probability", "probability") for days in horizons
            ]
            levels += [np.nan] * len(horizons)
            for head, question in _AMOUNTS.items():
                known: Sequence[float] | None = served["levels"].get(head)
                unit = "orders" if head == "orders" else str(served["currency"] or "money")
                said: Literal["expected", "typical"] = "expected" if known else "typical"
                blanks += [Score(question, days, 0.0, unit, said) for days in horizons]
                levels += known or [1.0] * len(horizons)
        classes = served["class_names"]
        days = float(served["class_days"])
        blanks += [
            Score("category", days, 0.0, "probability", "probability", name) for name in classes
        ]
        levels += [np.nan] * len(classes)
        outputs.append("class_scores")
        return cls(tuple(outputs), tuple(blanks), np.array(levels, np.float32))

    def logs(self, said: Mapping[str, Floats]) -> Floats:
        """Lay side by side what the model says (…, S): log odds, or log of one and the amount."""
        return np.concatenate([said[name] for name in self.outputs], axis=-1)

    def values(self, logs: Floats) -> Floats:
        """Return the scores (…, S) from :meth:`logs`."""
        chances = np.isnan(self.levels)
        values = np.empty_like(logs)
        # The hyperbolic tangent never overflows.
        values[..., chances] = 0.5 * (1 + np.tanh(logs[..., chances] / 2))
        typical = np.maximum(np.expm1(logs[..., ~chances]), 0)
        values[..., ~chances] = typical * self.levels[~chances]
        return values

    def scores(self, values: Floats) -> tuple[Score, ...]:
        """Return one customer's scores, from their values (S,)."""
        return tuple(
            [
                Score(
                    blank.question,
                    blank.horizon_days,
                    value,
                    blank.unit,
                    blank.statistic,
                    blank.about,
                )
                for blank, value in zip(self.blanks, values.tolist(), strict=True)
            ]
        )
