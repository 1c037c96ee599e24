"""Which settings of the simple sources the validation window prefers."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.item_shelf import FADES, shelf_at
from limner.heads.item_sources import (
    Mixture,
    Pairs,
    affinities_at,
    choose,
    mixed,
    own_pairs,
    rank_by,
)
from limner.heads.study import Ranked, Study

__all__ = [
    "ease_mixture",
    "item_to_item_mixture",
    "own_fade",
    "popular_fade",
    "rank_mixture",
    "rank_own",
    "rank_popular",
]

Ints = NDArray[np.int64]

EVERY_FADE = tuple(range(len(FADES)))
BLENDS = (3.0, 0.3, 1.0, 10.0, 30.0)
"""What one's own history weighs against what goes with it."""
RIDGES = (2.0, 0.5, 8.0)
"""Penalties of EASE, in mean diagonals of the Gram matrix."""


def popular_fade(study: Study) -> int:
    """Return the place of the half-life in which popularity foretells best."""
    return choose(
        study,
        EVERY_FADE,
        lambda fade, window, customers: rank_popular(study, window, customers, fade, most=10).items,
        name="popular_fade",
    )


def own_fade(study: Study) -> int:
    """Return the place of the half-life in which one's own counts foretell best."""
    return choose(
        study,
        EVERY_FADE,
        lambda fade, window, customers: rank_own(study, window, customers, fade, most=10).items,
        name="own_fade",
    )


def item_to_item_mixture(study: Study) -> Mixture:
    """Return the best weighing of own history and what goes with it by cosine."""
    start = Mixture(own_fade(study), BLENDS[0])
    return _blend(study, start, name="item_to_item")


def ease_mixture(study: Study) -> Mixture:
    """Return the best penalty of EASE, and then the best weighing."""
    fade = own_fade(study)
    started = choose(
        study,
        [Mixture(fade, BLENDS[0], ridge) for ridge in RIDGES],
        lambda one, window, customers: _top(study, window, customers, one),
        name="ease_ridge",
    )
    return _blend(study, started, name="ease")


def rank_popular(study: Study, window: Window, customers: Ints, fade: int, *, most: int) -> Ranked:
    """Rank by popularity, for each customer the same."""
    nothing = np.zeros(0, np.int64)
    pairs = Pairs(nothing, nothing, nothing.astype(np.float32), nothing.astype(np.int8))
    shelf = shelf_at(study, window)
    return rank_by(shelf, pairs, customers=len(customers), most=most, names=(), fade=fade)


def rank_own(study: Study, window: Window, customers: Ints, fade: int, *, most: int) -> Ranked:
    """Rank by each customer's own counts, then by popularity."""
    shelf = shelf_at(study, window)
    return rank_by(
        shelf,
        own_pairs(shelf, customers, fade=fade),
        customers=len(customers),
        most=most,
        names=("own_frequency",),
        fade=popular_fade(study),
    )


def rank_mixture(
    study: Study, window: Window, customers: Ints, mixture: Mixture, *, most: int, name: str
) -> Ranked:
    """Rank by own counts and what goes with them, then by popularity."""
    shelf = shelf_at(study, window)
    (affinity,) = affinities_at(study, window, ridges=[mixture.ridge])
    return rank_by(
        shelf,
        mixed(shelf, affinity, customers, mixture),
        customers=len(customers),
        most=most,
        names=("own_frequency", name),
        fade=popular_fade(study),
    )


def _blend(study: Study, start: Mixture, *, name: str) -> Mixture:
    """Choose what one's own history weighs, then how fast it fades."""

    def top(one: Mixture, window: Window, customers: Ints) -> Ints:
        return _top(study, window, customers, one)

    blended = choose(study, [replace(start, own=own) for own in BLENDS], top, name=f"{name}_blend")
    near = [fade for fade in (0, -1, 1) if 0 <= start.fade + fade < len(FADES)]
    faded = [replace(blended, fade=start.fade + fade) for fade in near]
    return choose(study, faded, top, name=f"{name}_fade")


def _top(study: Study, window: Window, customers: Ints, mixture: Mixture) -> Ints:
    return rank_mixture(study, window, customers, mixture, most=10, name="").items
