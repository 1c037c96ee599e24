"""How many fulfil a rule: from a sample with an interval, or everybody; and who, page by page."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from limner.apps.segments.judging import Narrowed, holds, narrow
from limner.apps.segments.rule import Rule
from limner.apps.segments.subject import Subject
from limner.profiles.live import Page

__all__ = ["Estimate", "Found", "Population", "count_exactly", "estimate", "find", "interval"]

_Z95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
_AT_ONCE = 500
Enough = Callable[[], bool]


class Population(Protocol):
    """Those of whom it may be told for a purpose; nobody else is even looked at."""

    def size(self) -> int:
        """Count them."""
        ...

    def pages(
        self,
        *,
        after: str,
        limit: int,
        stages: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Page]:
        """Return what is held of some by id, those after one; ``""`` is who has no portrait."""
        ...

    def sample(self, n: int, *, seed: int) -> list[Page]:
        """Return n of them by chance, each set of n as likely as any other."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many of a population of ``people`` fulfil a rule, and 95 % intervals of that.

    ``sampled`` were looked at, of whom ``hits`` fulfil it.
    """

    people: int
    sampled: int
    hits: int
    members: int
    low: int
    high: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Found:
    """Some who fulfil a rule by id, and after whom to look on; none: that was everybody."""

    pages: tuple[Page, ...]
    cursor: str | None


def interval(hits: int, sampled: int, people: int) -> tuple[int, int]:
    """Return between which numbers of members 95 of 100 samples put the truth.

    Wilson's score interval, with the sample counted as larger where it is much of the population;
    and never what the sample itself rules out.

    References
    ----------
    Wilson: "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.
    Cochran: "Sampling Techniques", 3rd edition, 1977, section 2.6 (finite populations).

    Examples
    --------
    >>> interval(10, 100, 1_000)
    (56, 170)
    """
    if sampled >= people or not sampled:
        return (hits, hits) if sampled else (0, people)
    n = sampled * (people - 1) / (people - sampled)
    share, z2 = hits / sampled, _Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = max(hits, math.floor((middle - half) * people))
    high = min(people - (sampled - hits), math.ceil((middle + half) * people))
    return low, high


def estimate(rule: Rule, population: Population, *, n: int, seed: int, as_of: datetime) -> Estimate:
    """Return how many fulfil a rule, judged by n of them; by all, where there are no more."""
    people = population.size()
    pages = population.sample(n, seed=seed)
    people = max(people, len(pages))
    hits = sum(holds(rule, Subject.of_page(page, as_of=as_of)) for page in pages)
    low, high = interval(hits, len(pages), people)
    middle = round(hits / len(pages) * people) if pages else 0
    return Estimate(people, len(pages), hits, min(high, max(low, middle)), low, high)


def count_exactly(
    rule: Rule, population: Population, *, as_of: datetime, enough: Enough
) -> int | None:
    """Count who fulfils a rule; none if it took so long that ``enough`` said to stop."""
    count = 0
    for pages in _through(population, narrow(rule), after=""):
        count += sum(holds(rule, Subject.of_page(page, as_of=as_of)) for page in pages)
        if enough() and len(pages) == _AT_ONCE:
            return None
    return count


def find(
    rule: Rule,
    population: Population,
    *,
    after: str,
    limit: int,
    as_of: datetime,
    enough: Enough,
) -> Found:
    """Return the next who fulfil a rule, by id; a page is short where ``enough`` said to stop."""
    found: list[Page] = []
    for pages in _through(population, narrow(rule), after=after):
        for page in pages:
            if holds(rule, Subject.of_page(page, as_of=as_of)):
                found.append(page)
                if len(found) == limit:
                    return Found(tuple(found), page.customer_id)
        if enough() and len(pages) == _AT_ONCE:
            return Found(tuple(found), pages[-1].customer_id)
    return Found(tuple(found), None)


def _through(population: Population, among: Narrowed, *, after: str) -> Iterator[list[Page]]:
    """Go through everybody who may fulfil a rule, some at a time."""
    while True:
        pages = population.pages(
            after=after, limit=_AT_ONCE, stages=among.stages, groups=among.groups
        )
        if pages:
            yield pages
        if len(pages) < _AT_ONCE:
            return
        after = pages[-1].customer_id
