"""What stands on the shelf at a cut: every item met before it, and what speaks for each."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.item_history import DEED, ItemHistory, item_history
from limner.heads.study import Study

__all__ = ["FADES", "Shelf", "Truth", "evidence_rates", "shelf_at", "truth_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

FADES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, np.inf)
"""Half-lives of the decayed counts, in horizons of the question: the farther a question looks, the
farther back it pays to look."""

STEADY = 2
"""The place of the half-life in which the worth of other kinds of event is learned: one horizon."""

PRIOR_PAIRS = 20.0
"""How many pairs' worth of doubt stands before a kind of event is believed in."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What N asked customers took within a window: bounds (N + 1,) and item codes, CSR."""

    customers: Ints
    at: Ints
    items: Ints

    @property
    def owners(self) -> Ints:
        """The row of the customer of each item (P,)."""
        return np.repeat(np.arange(len(self.customers)), np.diff(self.at))

    def take(self, rows: Ints) -> "Truth":
        """Return what some of the customers took."""
        sizes = np.diff(self.at)[rows]
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(bounds[-1]) + np.repeat(self.at[rows] - bounds[:-1], sizes)
        return Truth(self.customers[rows], bounds, self.items[places])


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What is known of items at one cut.

    Attributes
    ----------
    window
        Only its cut matters here.
    history
        Who met what before the cut.
    rates
        What one event of each kind of evidence is worth, the deeds asked about 1 (E,).
    offered
        Which items may be shown (V,); none: all that anybody met.
    """

    window: Window
    history: ItemHistory
    rates: Floats
    offered: NDArray[np.bool_] | None = None

    @property
    def items(self) -> int:
        """How many items the ledger names, V."""
        return len(self.history.prices)

    def evidence(self, fade: int) -> Floats:
        """Return how much speaks for each pair (P,), its events weighed by kind and age."""
        return self.history.decayed[:, :, fade] @ self.rates

    def popularity(self, fade: int) -> Floats:
        """Return how much speaks for each item over all customers (V,)."""
        weights = self.evidence(fade).astype(np.float64)
        return np.bincount(self.history.items, weights, minlength=self.items).astype(np.float32)

    def popular(self, fade: int) -> Ints:
        """Return every item offered, the most popular first; ties by the item's code."""
        met = np.unique(self.history.items)
        if self.offered is not None:
            met = met[self.offered[met]]
        return met[np.argsort(-self.popularity(fade)[met], kind="stable")]

    def ages(self) -> Floats:
        """Return how long before the cut anybody met each item first (V,), in days; infinity."""
        history = self.history
        ages = np.full(self.items, -np.inf, np.float32)
        known = np.where(np.isfinite(history.age_days), history.age_days, -np.inf)
        np.maximum.at(ages, history.items, known.max(axis=1))
        return np.where(ages < 0, np.inf, ages).astype(np.float32)

    def pairs_of(self, customers: Ints) -> tuple[Ints, Ints]:
        """Return the pairs of N customers: the row of each pair's customer, and its place."""
        starts, ends = self.history.at[customers], self.history.at[customers + 1]
        owners = np.repeat(np.arange(len(customers)), ends - starts)
        skipped = np.repeat(
            starts - np.concatenate([[0], np.cumsum(ends - starts)[:-1]]), ends - starts
        )
        return owners, np.arange(len(owners)) + skipped

    def matrix(self, fade: int, columns: Ints, width: int) -> csr_array:
        """Return the evidence as customers by items; ``columns`` (V,) places items, -1 for none."""
        place = columns[self.history.items]
        kept = place >= 0
        shape = (len(self.history.at) - 1, width)
        return csr_array(
            (self.evidence(fade)[kept], (self.history.owners[kept], place[kept])), shape=shape
        )


def shelf_at(study: Study, window: Window) -> Shelf:
    """Return the shelf at a window's cut; it is made once a cut and desk."""
    deeds = study.question.deeds
    horizon = study.plan.test.horizon_days
    asked = (deeds.kinds, tuple(sorted(deeds.items.items())), horizon)

    def gather(one: Window) -> ItemHistory:
        return study.desk.once(  # type: ignore[no-any-return] # what it was given
            ("item_history", one.cut, asked),
            lambda: item_history(
                study.ledger, one.cut, deeds=deeds, half_lives_days=[horizon * f for f in FADES]
            ),
        )

    history = gather(window)
    if len(history.kinds) == 1:
        return _narrowed(Shelf(window, history, np.ones(1, np.float32)), study)
    known = [one for one in study.plan.learnable if one.end <= window.cut]
    if not known:
        # Nothing has come true yet that could tell what other kinds are worth.
        known = [earlier_window(window)]
    worth = study.desk.once(
        ("item_rates", known[-1], asked),
        lambda: evidence_rates(gather(known[-1]), _taken(study, known[-1])),
    )
    rates = np.array([worth.get(kind, 0.0) for kind in history.kinds], np.float32)
    if not rates.any():  # nothing came true in that window either: every deed counts alike
        rates = np.ones_like(rates)
    return _narrowed(Shelf(window, history, rates), study)


def _narrowed(shelf: Shelf, study: Study) -> Shelf:
    """Leave on the shelf what the question speaks of."""
    if study.question.new_days is None:
        return shelf
    return replace(shelf, offered=shelf.ages() <= study.question.new_days)


def earlier_window(window: Window) -> Window:
    """Return the window, as long, that ends where this one begins."""
    return Window(window.cut - timedelta(days=window.horizon_days), window.horizon_days)


def truth_of(study: Study, window: Window) -> Truth:
    """Return what the asked customers took within a window, of what the question speaks of."""
    truth = _taken(study, window)
    offered = shelf_at(study, window).offered
    if offered is None:
        return truth
    kept = offered[truth.items]
    sizes = np.bincount(truth.owners[kept], minlength=len(truth.customers))
    return Truth(truth.customers, np.concatenate([[0], np.cumsum(sizes)]), truth.items[kept])


def _taken(study: Study, window: Window) -> Truth:
    customers = study.asked(window)
    at, items = labels.item_codes(study.ledger, window, deeds=study.question.deeds)
    sizes = np.diff(at)
    wanted = np.zeros(len(sizes), np.bool_)
    wanted[customers] = True
    kept = np.repeat(wanted, sizes)
    return Truth(customers, np.concatenate([[0], np.cumsum(sizes[customers])]), items[kept])


def evidence_rates(history: ItemHistory, truth: Truth) -> dict[str, float]:
    """Learn what one event of each kind says about the window after the cut.

    A kind is worth the share of its events, weighed by age, whose pair came true, over that same
    share of the deeds themselves; both lean to each other where little was seen.
    """
    came_true = history.find(truth.customers[truth.owners], truth.items)
    hit = np.zeros(len(history), np.bool_)
    hit[came_true[came_true >= 0]] = True
    mass = history.decayed[:, :, STEADY].astype(np.float64)
    overall = (hit @ mass).sum() / max(mass.sum(), 1e-9)
    shares = (hit @ mass + PRIOR_PAIRS * overall) / (mass.sum(axis=0) + PRIOR_PAIRS)
    worth = shares / max(float(shares[DEED]), 1e-9)
    return {kind: float(value) for kind, value in zip(history.kinds, worth, strict=True)}
