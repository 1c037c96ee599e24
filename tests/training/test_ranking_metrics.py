from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.heads.answers import Rankings
from limner.training.ranking_metrics import coverage, coverage_gauge, hits

ITEMS = 30


def rankings_of(truth, seen, top):
    def flat(lists):
        at = np.cumsum([0, *(len(each) for each in lists)])
        return at, np.array([item for each in lists for item in sorted(each)], np.int64)

    truth_at, truth = flat(truth)
    seen_at, seen = flat(seen)
    return Rankings(
        question="next_item",
        shape="what_next",
        horizon_days=14,
        cut=datetime(2017, 12, 1, tzinfo=UTC),
        customers=np.array([f"c{number}" for number in range(len(top))]),
        truth_at=truth_at,
        truth=truth,
        seen_at=seen_at,
        seen=seen,
        top={"m": np.array(top, np.int64)},
        items=ITEMS,
    )


def test_golden_list():
    """Places 1 and 3 of three sought: (1 + 1/2) over (1 + 1/log2(3) + 1/2)."""
    rankings = rankings_of([{4, 6, 20}], [{4}], [[4, 5, 6, 7, 8, 9, 10, 11, 12, 13]])
    found = hits(rankings, "m")
    assert found.ndcg[0] == pytest.approx(1.5 / (1.5 + 1 / np.log2(3)))
    assert found.recall[0] == pytest.approx(2 / 3)
    assert found.hit[0] == 1
    repeat, new = hits(rankings, "m", "repeat"), hits(rankings, "m", "new")
    assert (repeat.ndcg[0], repeat.recall[0]) == (1, 1)
    # Place 3 of two sought, the list being kept as it was shown.
    assert new.ndcg[0] == pytest.approx(0.5 / (1 + 1 / np.log2(3)))
    assert new.recall[0] == 0.5


def test_a_customer_without_such_truth_is_not_asked():
    rankings = rankings_of([{1}, set()], [{1}, {2}], [list(range(10))] * 2)
    assert hits(rankings, "m").asked.tolist() == [1, 0]
    assert hits(rankings, "m", "new").asked.tolist() == [0, 0]


def test_places_left_empty_hit_nothing():
    """The code of an empty place must not be mistaken for the last item of the customer before."""
    rankings = rankings_of([{ITEMS - 1}, {3}], [set(), set()], [[-1] * 10] * 2)
    assert not hits(rankings, "m").found.any()


def test_only_the_first_ten_count():
    rankings = rankings_of([{10}], [set()], [list(range(12))])
    assert hits(rankings, "m").hit[0] == 0
    assert coverage(rankings, "m") == pytest.approx(10 / ITEMS)


def test_coverage_counts_items_shown_to_anybody_drawn():
    rankings = rankings_of(
        [{1}] * 3, [set()] * 3, [range(10), range(5, 15), [*range(5), *[-1] * 5]]
    )
    assert coverage(rankings, "m") == 15 / ITEMS
    counts = np.array([[1.0, 0, 0], [0, 3, 0], [2, 0, 3]])
    read = coverage_gauge(rankings, "m")(counts)
    np.testing.assert_allclose(read, np.array([10, 10, 5]) / ITEMS)


def test_nothing_shown_covers_nothing():
    rankings = rankings_of([{1}], [set()], [[-1] * 10])
    assert coverage(rankings, "m") == 0


sets = st.sets(st.integers(0, ITEMS - 1), max_size=14)
lists = st.permutations(range(ITEMS)).map(lambda order: order[:12])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(sets, sets, lists), min_size=1, max_size=6))
def test_metrics_agree_with_going_down_the_list(customers):
    truth, seen, top = (list(each) for each in zip(*customers, strict=True))
    rankings = rankings_of(truth, seen, top)
    for part in ("all", "repeat", "new"):
        found = hits(rankings, "m", part)
        for at, (wanted, before, shown) in enumerate(customers):
            sought = {"all": wanted, "repeat": wanted & before, "new": wanted - before}[part]
            places = [place for place, item in enumerate(shown[:10]) if item in sought]
            gain = sum(1 / np.log2(place + 2) for place in places)
            best = sum(1 / np.log2(place + 2) for place in range(min(10, len(sought))))
            assert found.sought[at] == len(sought)
            assert found.ndcg[at] == pytest.approx(gain / best if sought else 0)
            assert found.recall[at] == pytest.approx(len(places) / len(sought) if sought else 0)
            assert found.hit[at] == bool(places)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(sets, lists), min_size=1, max_size=6))
def test_scikit_learn_agrees_on_ndcg(customers):
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, top = (list(each) for each in zip(*customers, strict=True))
    found = hits(rankings_of(truth, [set()] * len(top), top), "m")
    for at, (wanted, shown) in enumerate(customers):
        if not wanted:
            continue
        relevance = np.isin(np.arange(ITEMS), list(wanted)).astype(float)
        score = np.zeros(ITEMS)
        score[shown[:10]] = np.arange(20, 10, -1)
        # Beyond the ten shown scikit-learn must not find anything, so it looks at ten.
        theirs = sklearn.ndcg_score([relevance], [score], k=10)
        assert found.ndcg[at] == pytest.approx(theirs)
