"""Which items are worth a closer look for each customer, and what is known of each."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner.dataset.cuts import Window
from limner.dataset.item_history import DEED
from limner.events.item_vectors import LOOKS
from limner.heads.behaviour import item_opinions
from limner.heads.item_choices import ease_mixture, item_to_item_mixture, own_fade, popular_fade
from limner.heads.item_looks import Look, looks_at
from limner.heads.item_ranking import best_pairs, places_within
from limner.heads.item_shelf import FADES, Shelf, shelf_at
from limner.heads.item_sources import Affinity, affinities_at, damped
from limner.heads.study import Study

__all__ = ["SOURCES", "Candidates", "candidates_at"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

SOURCES = ("own_frequency", "item_to_item", "ease", "sequence", "image", "text", "popularity")
"""Where candidates come from, and what they are given as a reason."""

OWN, BESIDE = 60, 25
"""How many candidates a customer has: own items, and items of each affinity."""


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many popular items are candidates, and of each of so many favourite groups."""

    popular: int
    favourite: int
    groups: int


USUAL = Breadth(popular=20, favourite=6, groups=3)
OF_NEW = Breadth(popular=100, favourite=10, groups=10)
"""Who takes new items is hardly known, so that affinities bring few of them."""

FAR = 200.0
"""The rank of an item that a source does not have among its best."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """P pairs worth a look, sorted by customer and item, and M columns about each.

    ``owners`` (P,) rows of the customers, ``items`` (P,) codes, ``values`` (P, M) float32 with NaN
    where nothing is known, ``names`` of the columns; ``sources`` names of where they come from,
    S of :data:`SOURCES`, ``opinions`` (P, S): what each says of the pair, 1 for its own favourite
    of the customer, 0 for nothing; ``alone`` (P, S): how the method of that name ranks the pair,
    one's own history blended in.
    """

    owners: Ints
    items: Ints
    values: Floats
    names: tuple[str, ...]
    sources: tuple[str, ...]
    opinions: Floats
    alone: Floats

    def __len__(self) -> int:
        return len(self.items)


class _Columns:
    """Collects named columns of equal length."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.values: list[Floats] = []

    def add(self, name: str, values: NDArray[np.floating]) -> None:
        self.names.append(name)
        self.values.append(np.asarray(values, np.float32))


def candidates_at(
    study: Study,
    window: Window,
    customers: Ints,
    *,
    blocks: Collection[str] = ("collaborative", *LOOKS),
) -> Candidates:
    """Gather the candidates of N customers at a cut, from what lies strictly before it.

    Beside one's own history and popularity, sources are those of ``blocks``: ``sequence``, the
    behaviour models that stand by; ``collaborative``, items that go together; and the items'
    words and pictures, ``text`` and ``image``, where the log keeps what models made of them.
    """
    shelf = shelf_at(study, window)
    mixtures = (item_to_item_mixture(study), ease_mixture(study))
    together = "collaborative" in blocks
    ridges = [one.ridge for one in mixtures] if together else [None]
    affinities = affinities_at(study, window, ridges=ridges)
    places, common = affinities[0].columns, affinities[0].common
    evidence = {
        fade: damped(shelf.matrix(fade, places, len(common))[customers])
        for fade in (0, *sorted({one.fade for one in mixtures}))
    }
    weighed = list(mixtures) if together else []
    beside = [
        affinity.scores(evidence[mixture.fade])
        for affinity, mixture in zip(affinities, weighed, strict=False)
    ]
    if "sequence" in blocks:
        beside.append(item_opinions(study, window, customers, common))
        # What the model says is blended with one's own history as EASE's word is.
        weighed.append(mixtures[1])
    seen = looks_at(study, shelf, customers, fade=own_fade(study), names=blocks)
    ages, soon = shelf.ages(), study.plan.test.horizon_days
    brought = [
        pairs for look in seen for pairs in look.brings(shelf.popular(0), ages, new_days=soon)
    ]
    brought += [_foremost(scores, common) for scores in beside]
    owners, items = _gather(study, shelf, customers, brought)
    place = places[items]

    def gather(scores: Floats) -> Floats:
        return np.where(place >= 0, scores[owners, np.maximum(place, 0)], 0.0).astype(np.float32)

    columns, opinions = _Columns(), []
    found = shelf.history.find(customers[owners], items)
    known = found >= 0
    own = np.where(known, shelf.evidence(own_fade(study))[found], 0.0).astype(np.float32)
    popular = shelf.popularity(popular_fade(study))[items]
    linked = [gather(scores) for scores in beside]
    near = [look.nearest(shelf, customers, owners, items, own_fade(study)) for look in seen]
    sources = _sources([look.name for look in seen], blocks)
    linked += [np.exp(each) for each in near]
    for name, scores in zip(sources, (own, *linked, popular), strict=True):
        part = _relative(owners, scores, len(customers))
        opinions.append(part)
        columns.add(f"{name}_score", scores)
        columns.add(f"{name}_share", part)
        columns.add(f"{name}_rank", _ranks(owners, items, scores))
    weighed += [mixtures[0]] * len(seen)
    blends = []
    for mixture, part in zip(weighed, opinions[1:-1], strict=True):
        evident = shelf.evidence(mixture.fade)
        mine = np.sqrt(np.where(known, evident[found], 0.0)).astype(np.float32)
        blends.append(np.float32(mixture.own) * _relative(owners, mine, len(customers)) + part)
    for look, each in zip(seen, near, strict=True):
        _about_look(columns, look, each, owners, items)
    if seen:
        columns.add("item_age_days", _finite(ages[items]))
    if together:
        lately = _last_order(shelf, affinities[0], customers)
        for name, mine in (("lately_score", evidence[0]), ("basket_score", lately)):
            columns.add(name, gather(affinities[0].scores(mine)))
    _about_pair(columns, shelf, customers[owners], found)
    _about_item(columns, shelf, items, customers, owners)
    groups = {"category": study.ledger.item_category, "brand": study.ledger.item_brand}
    for name, of in groups.items():
        _about_group(
            columns,
            shelf,
            customers=customers,
            owners=owners,
            groups=of,
            wanted=of[items],
            name=name,
        )
    _about_customer(columns, shelf, customers, owners)
    return Candidates(
        owners,
        items,
        np.column_stack(columns.values),
        tuple(columns.names),
        sources,
        np.column_stack(opinions),
        np.column_stack([own, *blends, popular]),
    )


def _sources(seen: Collection[str], blocks: Collection[str]) -> tuple[str, ...]:
    """Return which of :data:`SOURCES` there are."""
    together = "collaborative" in blocks
    kept = {"item_to_item": together, "ease": together, "sequence": "sequence" in blocks}
    kept |= {name: name in seen for name in LOOKS}
    return tuple(name for name in SOURCES if kept.get(name, True))


def _last_order(shelf: Shelf, affinity: Affinity, customers: Ints) -> csr_array:
    """Return which of the commonest items each customer's newest order held (N, W)."""
    history = shelf.history
    matrix = shelf.matrix(len(FADES) - 1, affinity.columns, len(affinity.common))
    place = affinity.columns[history.items] >= 0
    newest = history.recency_days[:, DEED] <= history.last_days[history.owners] + 1e-6
    matrix.data = newest[place].astype(np.float32)
    return matrix[customers]


def _gather(
    study: Study, shelf: Shelf, customers: Ints, brought: list[tuple[Ints, Ints]]
) -> tuple[Ints, Ints]:
    """Return the union of all sources' best: rows of customers and items, sorted, each once."""
    count = len(customers)
    mine, places = shelf.pairs_of(customers)
    scores = shelf.evidence(own_fade(study))[places]
    met = shelf.history.items[places]
    best = best_pairs(mine, met, scores, most=OWN)
    parts = [(mine[best], met[best]), *brought]
    ranked = shelf.popular(popular_fade(study))
    breadth = USUAL if study.question.new_days is None else OF_NEW
    head = ranked[: breadth.popular]
    parts.append((np.repeat(np.arange(count), len(head)), np.tile(head, count)))
    parts += [
        _favourites(groups, mine, met, scores, ranked, breadth=breadth)
        for groups in (study.ledger.item_category, study.ledger.item_brand)
    ]
    width = shelf.items
    keys = np.unique(np.concatenate([owner * width + item for owner, item in parts]))
    if shelf.offered is not None:
        keys = keys[shelf.offered[keys % width]]
    return keys // width, keys % width


def _foremost(scores: Floats, common: Ints) -> tuple[Ints, Ints]:
    """Return the items of which the most is said: rows of customers and items."""
    kept = min(BESIDE, scores.shape[1])
    top = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    return np.repeat(np.arange(len(scores)), kept), common[top.reshape(-1)]


def _favourites(
    groups: Ints, mine: Ints, met: Ints, scores: Floats, ranked: Ints, *, breadth: Breadth
) -> tuple[Ints, Ints]:
    """Return the popular items of each customer's favourite groups."""
    group = groups[met]
    kept = group >= 0
    width = int(groups.max(initial=0)) + 1
    keys, inverse = np.unique(mine[kept] * width + group[kept], return_inverse=True)
    liking = np.bincount(inverse, scores[kept], minlength=len(keys)).astype(np.float32)
    best = best_pairs(keys // width, keys % width, liking, most=breadth.groups)
    owner, favourite = keys[best] // width, keys[best] % width
    grouped = ranked[groups[ranked] >= 0]
    grouped = grouped[np.argsort(groups[grouped], kind="stable")]
    grouped = grouped[places_within(groups[grouped]) < breadth.favourite]
    sizes = np.bincount(groups[grouped], minlength=width)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    repeats = sizes[favourite]
    owners = np.repeat(owner, repeats)
    inside = places_within(np.repeat(np.arange(len(owner)), repeats))
    return owners, grouped[np.repeat(starts[favourite], repeats) + inside]


def _relative(owners: Ints, scores: Floats, count: int) -> Floats:
    """Return scores in units of each customer's highest, never below 0."""
    highest = np.zeros(count, np.float32)
    np.maximum.at(highest, owners, scores)
    least = np.float32(1e-9)
    return (np.maximum(scores, np.float32(0)) / np.maximum(highest[owners], least)).astype(
        np.float32
    )


def _ranks(owners: Ints, items: Ints, scores: Floats) -> Floats:
    """Return the rank among the customer's candidates, from 0; far behind where nothing speaks."""
    order = np.lexsort((items, -scores, owners))
    ranks = np.empty(len(owners), np.float32)
    ranks[order] = places_within(owners[order])
    return np.where(scores > 0, ranks, np.float32(FAR))


def _finite(values: NDArray[np.floating]) -> Floats:
    """Return NaN for infinity: what never happened is not known."""
    return np.where(np.isfinite(values), values, np.nan).astype(np.float32)


def _about_look(columns: _Columns, look: Look, near: Floats, owners: Ints, items: Ints) -> None:
    """Add how alike an item is to all that the customer met, and to the nearest of it."""
    columns.add(f"{look.name}_alike", look.scores(owners, items))
    columns.add(f"{look.name}_nearest", near)


def _about_pair(columns: _Columns, shelf: Shelf, who: Ints, found: Ints) -> None:
    """Add what the customer did with the item itself."""
    history, known = shelf.history, found >= 0

    def of(values: Floats) -> Floats:
        return _finite(np.where(known, values[found], np.nan))

    for kind, name in enumerate(history.kinds):
        for fade, factor in enumerate(FADES[:-1]):
            if kind == DEED or fade in (0, 2, 4):
                columns.add(f"{name}_faded_{factor:g}", of(history.decayed[:, kind, fade]))
        columns.add(f"{name}_count", of(history.counts[:, kind]))
        columns.add(f"{name}_recency_days", of(history.recency_days[:, kind]))
    count = of(history.counts[:, DEED])
    recency, age = of(history.recency_days[:, DEED]), of(history.age_days[:, DEED])
    gap = (age - recency) / np.where(count > 1, count - 1, np.nan)
    orders = history.orders[who]
    newest = _finite(history.last_days[who])
    pace = (_finite(history.first_days[who]) - newest) / np.maximum(orders - 1, 1)
    columns.add("usual_gap_days", gap)
    columns.add("recency_over_gap", recency / np.maximum(gap, np.float32(0.01)))
    columns.add("share_of_orders", count / np.maximum(orders, 1))
    columns.add("orders_since", (recency - newest) / np.maximum(pace, 0.01))
    columns.add("since_known_rate", count * pace / np.maximum(age, np.float32(0.01)))


def _about_item(
    columns: _Columns, shelf: Shelf, items: Ints, customers: Ints, owners: Ints
) -> None:
    """Add how popular an item is, how that moves, how often it is bought again, and its price."""
    history = shelf.history
    popularity = [shelf.popularity(fade) for fade in (0, 2, 4)]
    for factor, values in zip((FADES[0], FADES[2], FADES[4]), popularity, strict=True):
        columns.add(f"popularity_faded_{factor:g}", values[items])
    columns.add("trend", (popularity[0] / np.maximum(popularity[2], 1e-6))[items])
    deeds = history.counts[:, DEED]
    buyers = np.bincount(history.items, deeds > 0, minlength=shelf.items)
    again = np.bincount(history.items, deeds > 1, minlength=shelf.items)
    columns.add("buyers", buyers[items].astype(np.float64))
    columns.add("bought_again", ((again + 1) / (buyers + 5))[items])
    prices = history.prices
    mine, places = shelf.pairs_of(customers)
    paid = prices[history.items[places]]
    known = ~np.isnan(paid)
    total = np.bincount(mine[known], paid[known], minlength=len(customers))
    usual = total / np.bincount(mine[known], minlength=len(customers)).clip(1)
    columns.add("price", prices[items])
    columns.add("price_over_usual", prices[items] / np.maximum(usual[owners], 1e-6))


def _about_group(
    columns: _Columns,
    shelf: Shelf,
    *,
    customers: Ints,
    owners: Ints,
    groups: Ints,
    wanted: Ints,
    name: str,
) -> None:
    """Add what the customer did with the item's category or brand."""
    mine, places = shelf.pairs_of(customers)
    width = int(groups.max(initial=0)) + 1
    group = groups[shelf.history.items[places]]
    kept = group >= 0
    mine, places, group = mine[kept], places[kept], group[kept]
    keys, inverse = np.unique(mine * width + group, return_inverse=True)
    at = np.minimum(np.searchsorted(keys, owners * width + wanted), max(len(keys) - 1, 0))
    hit = (wanted >= 0) & (len(keys) > 0)
    if len(keys):
        hit &= keys[at] == owners * width + wanted
    else:
        keys = np.zeros(1, np.int64)
    recency = np.full(len(keys), np.inf, np.float32)
    np.minimum.at(recency, inverse, shelf.history.recency_days[places].min(axis=1))
    distinct = np.bincount(inverse, minlength=len(keys))
    columns.add(f"{name}_items", np.where(hit, distinct[at], 0))
    columns.add(f"{name}_recency_days", np.where(hit, recency[at], np.nan))
    for fade in (1, 4):
        weights = shelf.evidence(fade)[places]
        liking = np.bincount(inverse, weights, minlength=len(keys))
        total = np.bincount(mine, weights, minlength=len(customers))
        columns.add(f"{name}_faded_{FADES[fade]:g}", np.where(hit, liking[at], 0.0))
        share = np.where(hit, liking[at], 0.0) / np.maximum(total[owners], 1e-9)
        columns.add(f"{name}_share_{FADES[fade]:g}", share)


def _about_customer(columns: _Columns, shelf: Shelf, customers: Ints, owners: Ints) -> None:
    """Add the customer's totals: how many orders, how large, how long ago, how often repeated."""
    history = shelf.history
    mine, places = shelf.pairs_of(customers)
    count = len(customers)
    lines = np.bincount(mine, history.counts[places, DEED], minlength=count)
    distinct = np.bincount(mine, history.counts[places, DEED] > 0, minlength=count)
    orders = history.orders[customers]
    columns.add("customer_orders", orders[owners])
    columns.add("customer_basket", (lines / np.maximum(orders, 1))[owners])
    columns.add("customer_repeats", (1 - distinct / np.maximum(lines, 1))[owners])
    columns.add("customer_recency_days", _finite(history.last_days[customers])[owners])
    span = _finite(history.first_days[customers]) - _finite(history.last_days[customers])
    columns.add("customer_gap_days", (span / np.maximum(orders - 1, 1))[owners])
