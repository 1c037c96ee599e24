"""Which items are worth a closer look."""

import numpy as np
import pytest

from asking import a_question, rhythm
from limner.heads.candidates import SOURCES, candidates_at
from shops import a_log, an_event


@pytest.fixture(scope="module")
def due():
    return a_question(rhythm(), day=112, horizon_days=4)


def test_candidates_are_sorted_once_each_and_hold_the_customers_own(due):
    customers = due.asked(due.plan.test)[:20]
    found = candidates_at(due, due.plan.test, customers)
    keys = found.owners * len(due.ledger.items) + found.items
    assert (np.diff(keys) > 0).all()
    assert found.values.shape == (len(found), len(found.names))
    assert found.opinions.shape == found.alone.shape == (len(found), len(found.sources))
    assert (np.bincount(found.owners) >= 4).all()
    assert not np.isinf(found.values).any()


def test_candidates_know_the_usual_gap(due):
    customers = due.asked(due.plan.test)[:5]
    found = candidates_at(due, due.plan.test, customers)
    gap = found.values[:, found.names.index("usual_gap_days")]
    assert np.nanmin(gap) == pytest.approx(16)
    assert np.nanmax(gap) == pytest.approx(16)


def test_of_new_items_those_that_few_took_come_into_question_too():
    rows = [an_event(f"c{at:03}", 110 + at / 100, item=f"fresh{at:02}") for at in range(90)]
    shop = rhythm().also(a_log(rows))
    study = a_question(shop, day=112, horizon_days=4, new_days=4)
    found = candidates_at(study, study.plan.test, study.asked(study.plan.test)[:20])
    fresh = {str(name) for name in study.ledger.items[np.unique(found.items)]}
    assert fresh == {f"fresh{at:02}" for at in range(90)}
    assert (np.bincount(found.owners) == 90).all()


class Says:
    """A model that scores items as it is told; ``knows`` gives the scores of customers."""

    def __init__(self, knows):
        self.knows = knows

    def item_scores(self, ledger, cut, customers, items):
        return self.knows(customers)[:, items].astype(np.float32)


def test_what_a_model_says_is_one_more_source(due):
    customers = due.asked(due.plan.test)[:20]
    without = candidates_at(due, due.plan.test, customers)
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(len(due.ledger), len(due.ledger.items)))
    due.desk.behaviour = Says(lambda asked: scores[asked])
    found = candidates_at(due, due.plan.test, customers, blocks=("collaborative", "sequence"))
    assert set(found.names) - set(without.names) == {
        *("sequence_score", "sequence_share", "sequence_rank")
    }
    assert found.opinions.shape[1] == found.alone.shape[1] == len(found.sources)
    share = found.opinions[:, found.sources.index("sequence")]
    for owner in range(20):
        mine = found.owners == owner
        best = scores[customers[owner], found.items[mine]].argmax()
        assert share[mine].argmax() == best
        assert share[mine].max() == 1


def test_without_a_model_there_is_no_such_source(due):
    found = candidates_at(due, due.plan.test, np.arange(3))
    assert found.sources == ("own_frequency", "item_to_item", "ease", "popularity")
    assert set(found.sources) < set(SOURCES)
