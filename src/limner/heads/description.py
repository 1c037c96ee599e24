"""What is known of one customer at a moment: blocks, scores, and what moved the scores."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadShape, UnknownPlugin

__all__ = ["Block", "Description", "Reason", "Score"]

Language = Literal["en", "zh"]
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One view of a customer as a vector (D,).

    ``version`` names the weights that made it: vectors of two versions cannot be compared.
    ``coverage`` in [0, 1] is the share of what was read whose items the model knows by name, 1
    where nothing names an item. Only events strictly before ``as_of`` were read.
    """

    name: str
    version: str
    as_of: datetime
    coverage: float
    vector: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vector.ndim != 1:
            raise BadShape(f"a block must be one vector (D,), got shape {self.vector.shape}")

    @property
    def dim(self) -> int:
        """Length of the vector, D."""
        return len(self.vector)


@dataclass(frozen=True, slots=True)
class Score:
    """One answer about what comes within a horizon.

    ``question`` is ``purchase``, ``orders``, ``spend`` or ``category``; ``about`` names the
    category. ``statistic`` says what ``value`` is: a ``probability`` in [0, 1], the ``expected``
    amount, or the ``typical`` one, which lies below it; ``unit`` is ``probability``, ``orders`` or
    that of money.
    """

    question: str
    horizon_days: float
    value: float
    unit: str
    statistic: Literal["probability", "expected", "typical"]
    about: str = ""

    @property
    def name(self) -> str:
        """What tells it from all others: ``purchase_14``, ``category_30:Dairy``."""
        name = f"{self.question}_{self.horizon_days:g}"
        return f"{name}:{self.about}" if self.about else name

    def shown(self, value: float) -> str:
        """Return a value of this score as people write it.

        Examples
        --------
        >>> Score("spend", 30, 1234.5, "USD", "expected").shown(1234.5)
        '1,234.50 USD'
        >>> Score("purchase", 14, 0.314, "probability", "probability").shown(0.314)
        '31 %'
        """
        if self.unit == "probability":
            return f"{100 * value:.1f} %" if 0 < value < 0.01 else f"{100 * value:.0f} %"
        amount = f"{value:,.2f}"
        return amount if self.unit in {"orders", "money"} else f"{amount} {self.unit}"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a score would be had the customer not done something.

    ``factor`` is ``last_visit``, ``recent_visits`` or ``category``, which ``about`` names.
    ``since`` and ``until`` are the moments of the oldest and the newest of what is left out,
    ``count`` how many: visits, or lines of the category. ``without`` is the score then. ``effect``
    is the difference before the link: log odds, or the logarithm of one and the amount; above 0, it
    raised the score.

    References
    ----------
    Robnik-Šikonja, Kononenko: "Explaining classifications for individual instances", IEEE
    Transactions on Knowledge and Data Engineering 20 (2008), equation 4; of sequences: Li, Monroe,
    Jurafsky: "Understanding neural networks through representation erasure" (2016),
    arXiv 1612.08220.
    """

    factor: Literal["last_visit", "recent_visits", "category"]
    since: datetime
    until: datetime
    count: int
    effect: float
    without: float
    about: str = ""

    def words(self, score: Score, language: Language = "en") -> str:
        """Return the reason as a sentence; dates are those of ``since``'s own zone.

        Parameters
        ----------
        score
            The score that it is a reason of.
        language
            English or Chinese.
        """
        before, after = score.shown(self.without), score.shown(score.value)
        if language == "zh":
            return f"{self._what_zh()}使其由{before}变为{after}"
        return f"{self._what_en()} moved it from {before} to {after}"

    def _what_en(self) -> str:
        day = f"{self.since.day} {_MONTHS[self.since.month - 1]} {self.since.year}"
        if self.factor == "last_visit":
            return f"the last visit, on {day},"
        if self.factor == "recent_visits":
            return f"the {self.count} visits since {day}"
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"what they did with “{self.about}”, {times} since {day},"

    def _what_zh(self) -> str:
        day = f"{self.since.year}年{self.since.month}月{self.since.day}日"
        if self.factor == "last_visit":
            return f"最近一次到访（{day}）"
        if self.factor == "recent_visits":
            return f"{day}以来的{self.count}次到访"
        return f"{day}以来与“{self.about}”相关的{self.count}次行为"


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """One customer as of a moment.

    ``blocks`` by name; ``scores``; ``reasons`` by the name of the score, the strongest first. All
    are empty for a customer who did nothing before: nothing is known of them.
    """

    as_of: datetime
    blocks: Mapping[str, Block]
    scores: tuple[Score, ...]
    reasons: Mapping[str, tuple[Reason, ...]]

    def score(self, name: str) -> Score:
        """Return one score by its name.

        Raises
        ------
        UnknownPlugin
            If there is none; the hint offers the nearest name.
        """
        for each in self.scores:
            if each.name == name:
                return each
        raise UnknownPlugin("the description", name, [each.name for each in self.scores])
