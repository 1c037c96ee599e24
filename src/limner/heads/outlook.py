"""What counts of purchases alone say of any horizon, and how much all customers will buy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.purchases import Purchases, purchases_before, repeat_ages
from limner.errors import BadConfig, TooFew
from limner.heads.buy_till_you_die import BetaGeometric, GammaGamma
from limner.heads.question import Question
from limner.heads.study import Study

__all__ = ["Levelling", "any_purchase", "expect", "volume_factor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PSEUDO_CUTS = (0.45, 0.525, 0.6, 0.675, 0.75)
"""Where in the history the two laws of volume are tried, as shares of it."""


def expect(study: Study, window: Window, customers: Ints) -> Floats:
    """Return the expected and the typical answer of BG/NBD for N customers at a cut: (N, 2).

    Orders for ``how_many``, money for ``how_much``. Whoever never bought is given what those who
    had never bought did lately. Only events strictly before the cut are read.

    Raises
    ------
    BadConfig
        If the question does not speak of purchases, and of nothing else.
    TooFew
        If fewer than 30 customers bought before the cut, or none of them came back.
    """
    habits = _habits(study, window.cut)
    past = habits.of(study, window, customers)
    who = past.bought
    history = past.frequency[who], past.recency_days[who], past.age_days[who]
    one = np.full(int(who.sum()), habits.orders_a_day)
    if study.question.shape == "how_much":
        one = habits.value.expected(past.days[who], past.mean_value[who])
    model, horizon = habits.model, window.horizon_days
    answers = np.zeros((len(customers), 2))
    answers[who, 0] = model.expected(*history, horizon=horizon) * one
    logs = model.expected_function(*history, horizon=horizon, value=one)
    answers[who, 1] = np.expm1(logs)
    answers[~who] = _newcomers(study, window)
    return answers


def any_purchase(study: Study, window: Window, customers: Ints) -> Floats:
    """Return the probability of a purchase within the window for N customers at its cut: (N,).

    Raises
    ------
    BadConfig, TooFew
        As :func:`expect`.
    """
    habits = _habits(study, window.cut)
    past = habits.of(study, window, customers)
    who = past.bought
    answers = np.full(len(customers), _newcomers(study, window)[0])
    answers[who] = habits.model.any_purchase(
        past.frequency[who],
        past.recency_days[who],
        past.age_days[who],
        horizon=window.horizon_days,
    )
    return np.asarray(np.clip(answers, 0.0, 1.0))


def volume_factor(study: Study, window: Window) -> float:
    """Return by how much to multiply BG/NBD's answers so that their sum fits a far horizon.

    Two laws foretell how often all buyers together will buy: BG/NBD, whose customers become ever
    fewer, and :class:`Levelling`, whose rate falls to a floor. Both are tried at five earlier cuts,
    as far ahead as is known, and their logarithms averaged with weights that fall with their
    squared errors there.

    References
    ----------
    Bates, Granger: "The combination of forecasts", Operational Research Quarterly 20 (1969).
    """
    factor: float = study.desk.once(
        ("volume factor", _key(study.question), window), lambda: _volume_factor(study, window)
    )
    return factor


def _volume_factor(study: Study, window: Window) -> float:
    span = window.cut - study.ledger.first
    errors = []
    for share in PSEUDO_CUTS:
        cut = study.ledger.first + share * span
        cut = cut.replace(hour=0, minute=0, second=0, microsecond=0)
        days = min(window.horizon_days, (window.cut - cut) / timedelta(days=1))
        try:
            sums = _two_sums(study, Window(cut, days))
        except TooFew:
            continue
        before = purchases_before(study.ledger, Window(cut, days), deeds=study.question.deeds)
        known = Window(cut + timedelta(days=days), days)
        after = purchases_before(
            study.ledger, known, deeds=study.question.deeds, customers=before.customers
        )
        actual = float(after.days.sum() - before.days.sum())
        if actual > 0 and min(sums) > 0:
            errors.append(np.log(np.asarray(sums) / actual))
    if len(errors) < 3:
        return 1.0
    precision = 1.0 / np.maximum(np.square(errors).mean(axis=0), 1e-6)
    falling, levelling = _two_sums(study, window)
    return float((levelling / falling) ** (precision[1] / precision.sum()))


def _two_sums(study: Study, window: Window) -> tuple[float, float]:
    """Return the purchase days all buyers will have within the window, by both laws."""
    model = _habits(study, window.cut).model
    past = purchases_before(study.ledger, window, deeds=study.question.deeds)
    falling = model.expected(
        past.frequency, past.recency_days, past.age_days, horizon=window.horizon_days
    )
    ages = repeat_ages(study.ledger, window, deeds=study.question.deeds)
    law = Levelling.fit(ages, past.age_days)
    return float(falling.sum()), law.expected(past.age_days, horizon=window.horizon_days)


@dataclass(frozen=True, slots=True)
class Levelling:
    """Purchases of a customer on a day, by days since the first: ``floor + extra · e^(-age/life)``.

    ``floor`` and ``extra`` are purchases a day, ``life_days`` is in days.
    """

    floor: float
    extra: float
    life_days: float

    @classmethod
    def fit(cls, repeats: Floats, ages: Floats) -> "Levelling":
        """Learn the law by Poisson likelihood.

        Parameters
        ----------
        repeats
            Days from the first purchase of each later purchase (R,).
        ages
            Days from the first purchase to the last day known, for each customer (N,).

        Raises
        ------
        TooFew
            If there are fewer than 30 later purchases.
        """
        if len(repeats) < 30:
            raise TooFew(f"a law of volume needs 30 later purchases, got {len(repeats)}")
        longest = int(ages.max())
        counts = np.bincount(repeats.astype(np.int64), minlength=longest + 1)[1 : longest + 1]
        alive = np.bincount(ages.astype(np.int64), minlength=longest + 1)[::-1].cumsum()[::-1]
        exposed, days = alive[1:].astype(np.float64), np.arange(1, longest + 1, dtype=np.float64)
        mean = counts.sum() / exposed.sum()

        def cost(logs: Floats) -> float:
            floor, extra, life = np.exp(logs)
            rate = (floor + extra * np.exp(-days / life)) * exposed
            return float((rate - counts * np.log(np.maximum(rate, 1e-300))).sum() / counts.sum())

        starts = [np.log([mean / 2, mean, longest * share]) for share in (0.1, 0.3, 1.0)]
        least, most = np.log(mean) - 7, np.log(mean) + 3
        bounds = [(least, most), (least, most), (0.0, np.log(4.0 * longest))]
        found = [minimize(cost, one, method="L-BFGS-B", bounds=bounds) for one in starts]
        best = min(found, key=lambda one: float(one.fun))
        return cls(*(float(one) for one in np.exp(best.x)))

    def expected(self, ages: Floats, *, horizon: float) -> float:
        """Return how many purchases these customers will make in all within so many days."""
        falling = np.exp(-ages / self.life_days).sum() * -np.expm1(-horizon / self.life_days)
        return float(len(ages) * self.floor * horizon + self.extra * self.life_days * falling)


@dataclass(frozen=True, slots=True)
class _Habits:
    """The models fitted to all buyers before one cut."""

    model: BetaGeometric
    value: GammaGamma
    orders_a_day: float

    @staticmethod
    def of(study: Study, window: Window, customers: Ints) -> Purchases:
        """Return the histories of N customers, in their order."""
        return purchases_before(
            study.ledger, window, deeds=study.question.deeds, customers=customers
        )


def _habits(study: Study, cut: datetime) -> _Habits:
    question = study.question
    if question.event != ("purchase",) or question.attribute is not None:
        raise BadConfig(
            "BG/NBD answers questions about purchases alone, "
            f"not about {', '.join(question.event) or 'every kind of event'}",
            hint='ask with event = ["purchase"], or with another method',
        )
    # Money without a model of it is no reason to refuse a question about orders.
    money = question.shape == "how_much"

    def make() -> _Habits:
        past = purchases_before(study.ledger, Window(cut, 1.0), deeds=question.deeds)
        model = BetaGeometric().fit(past.frequency, past.recency_days, past.age_days)
        value = GammaGamma().fit(past.days, past.mean_value) if money else GammaGamma()
        return _Habits(model, value, float(past.orders.sum() / past.days.sum()))

    found: _Habits = study.desk.once(("habits", _key(question), money, cut), make)
    return found


def _key(question: Question) -> tuple[object, ...]:
    return question.event, tuple(sorted(question.where.items()))


def _newcomers(study: Study, window: Window) -> Floats:
    """Return what customers who had never bought did lately, scaled to the horizon: mean, typical.

    For ``whether`` the first of the two is the share who bought.
    """
    question, ledger = study.question, study.ledger
    known = (window.cut - ledger.first) / timedelta(days=1)
    days = min(window.horizon_days, known / 2)
    lately = Window(window.cut - timedelta(days=days), days)
    seen = labels.active_customers(
        ledger, lately, deeds=labels.Deeds(question.active), within_days=question.among_days
    )
    past = purchases_before(ledger, lately, deeds=question.deeds, customers=seen)
    if past.bought.all():
        return np.zeros(2)
    count = labels.future_amounts if question.shape == "how_much" else labels.future_counts
    truth = count(ledger, lately, deeds=question.deeds)[seen[~past.bought]]
    scale = window.horizon_days / days
    if question.shape == "whether":
        return np.array([-np.expm1(scale * np.log1p(-min((truth > 0).mean(), 1 - 1e-9))), 0.0])
    return np.array([truth.mean(), np.expm1(np.log1p(truth).mean())]) * scale
