"""How many fulfil a rule: intervals that hold what they promise, and nobody left out."""

import random
from datetime import UTC, datetime

import pytest

from limner.apps.segments.counting import count_exactly, estimate, find, interval
from limner.apps.segments.rule import parse_rule
from limner.profiles.counters import Counters
from limner.profiles.live import Page

NOW = datetime(2026, 5, 1, tzinfo=UTC)
MANY = parse_rule({"field": "live.orders", "op": "ge", "value": 2})


class People:
    """A population in memory; ``orders`` by customer."""

    def __init__(self, orders):
        self.kept = [
            Page(f"c{at:05d}", None, Counters(orders=each).to_json(), 1, 1, 0)
            for at, each in enumerate(orders)
        ]

    def size(self):
        return len(self.kept)

    def pages(self, *, after, limit, stages=None, groups=None):
        return [each for each in self.kept if each.customer_id > after][:limit]

    def sample(self, n, *, seed):
        return random.Random(seed).sample(self.kept, min(n, len(self.kept)))


def test_an_interval_worked_by_hand():
    """Wilson's, of 10 in 100 with no end to the population: 0.0552 to 0.1744."""
    low, high = interval(10, 100, 10_000_000)
    assert (low, high) == (pytest.approx(552_291, rel=1e-3), pytest.approx(1_743_657, rel=1e-3))


def test_whoever_looked_at_all_is_sure():
    assert interval(7, 20, 20) == (7, 7)
    assert interval(0, 0, 50) == (0, 50)
    low, high = interval(1, 19, 20)
    assert 1 <= low <= high <= 2


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.97])
def test_ninety_five_of_a_hundred_intervals_hold_the_truth(share):
    chance = random.Random(4)
    people = People([2 if chance.random() < share else 1 for _ in range(2_000)])
    truth = count_exactly(MANY, people, as_of=NOW, enough=lambda: False)
    told = [estimate(MANY, people, n=200, seed=seed, as_of=NOW) for seed in range(300)]
    assert sum(each.low <= truth <= each.high for each in told) >= 0.92 * len(told)
    assert sum(each.members for each in told) / len(told) == pytest.approx(truth, rel=0.06, abs=8)
    assert all(each.low <= each.members <= each.high for each in told)


def test_pages_together_are_everybody_once():
    people = People([at % 3 for at in range(1_234)])
    wanted = [each.customer_id for at, each in enumerate(people.kept) if at % 3 == 2]
    found, cursor = [], ""
    while cursor is not None:
        page = find(MANY, people, after=cursor, limit=57, as_of=NOW, enough=lambda: False)
        found += [each.customer_id for each in page.pages]
        cursor = page.cursor
    assert found == wanted


def test_whoever_has_no_time_says_how_far_it_came():
    people = People([1] * 1_100 + [2])
    assert count_exactly(MANY, people, as_of=NOW, enough=lambda: True) is None
    page = find(MANY, people, after="", limit=5, as_of=NOW, enough=lambda: True)
    assert (page.pages, page.cursor) == ((), "c00499")
    few = People([2] * 3)
    assert count_exactly(MANY, few, as_of=NOW, enough=lambda: True) == 3


def test_nobody_is_a_population_too():
    told = estimate(MANY, People([]), n=10, seed=0, as_of=NOW)
    assert (told.members, told.low, told.high) == (0, 0, 0)
