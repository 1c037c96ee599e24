"""Given items in an order for a customer: by the fitted ranking, then by what many bought."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from limner.profiles.reasons import popular_reason
from limner.profiles.record import Profile
from limner.profiles.store import About

__all__ = ["Place", "Ranking", "rank"]


@dataclass(frozen=True, slots=True)
class Place:
    """One item and by what it stands where it does.

    ``by`` is ``ranking`` (the order of the fitted ranking of items, as the profile keeps it),
    ``popularity`` (the share of recent buyers), or ``given``: nothing is known that would tell it
    from others, so it stays where it was given. Scores of different ``by`` are not comparable.
    """

    item_id: str
    by: Literal["ranking", "popularity", "given"]
    score: float | None = None
    reason_en: str = ""
    reason_zh: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items, the best first, and those of which nothing at all is known."""

    items: tuple[Place, ...]
    unknown: tuple[str, ...]


def rank(
    items: Sequence[str],
    profile: Profile | None,
    about: About | None,
    *,
    known: Collection[str],
) -> Ranking:
    """Return some items in an order for a customer; one that comes twice stands once.

    A profile keeps the best items of the fitted ranking; of the others the ranking said less, so
    they follow, by how many bought them lately.

    Parameters
    ----------
    items
        What is to be ordered.
    profile
        For whom; none: somebody of whom nothing is known or may be used.
    about
        What holds for the shop, with what many bought.
    known
        Which of the items the catalogue knows.
    """
    wanted = list(dict.fromkeys(items))
    ranked = {} if profile is None else {each.item_id: each for each in profile.recommendations}
    shares: Mapping[str, float] = (
        {} if about is None else {each.item_id: each.share for each in about.popular}
    )
    own = set() if profile is None else {each.key for each in profile.items}
    there = {*ranked, *shares, *own, *known}
    place = {item: at for at, item in enumerate(ranked)}
    first = sorted((item for item in wanted if item in ranked), key=lambda item: place[item])
    rest = [item for item in wanted if item in there and item not in ranked]
    popular = sorted((item for item in rest if item in shares), key=lambda item: -shares[item])
    found = [
        Place(item, "ranking", ranked[item].score, ranked[item].reason_en, ranked[item].reason_zh)
        for item in first
    ]
    found += [
        Place(item, "popularity", shares[item], *popular_reason(shares[item])) for item in popular
    ]
    found += [Place(item, "given") for item in rest if item not in shares]
    return Ranking(tuple(found), tuple(item for item in wanted if item not in there))
