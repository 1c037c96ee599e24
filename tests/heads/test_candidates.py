"""Which items are worth a closer look."""

import numpy as np
import pytest

from asking import a_question, rhythm
from limner.heads.candidates import SOURCES, candidates_at


@pytest.fixture(scope="module")
def due():
    return a_question(rhythm(), day=112, horizon_days=4)


def test_candidates_are_sorted_once_each_and_hold_the_customers_own(due):
    customers = due.asked(due.plan.test)[:20]
    found = candidates_at(due, due.plan.test, customers)
    keys = found.owners * len(due.ledger.items) + found.items
    assert (np.diff(keys) > 0).all()
    assert found.values.shape == (len(found), len(found.names))
    assert found.opinions.shape == found.alone.shape == (len(found), len(SOURCES))
    assert (np.bincount(found.owners) >= 4).all()
    assert not np.isinf(found.values).any()


def test_candidates_know_the_usual_gap(due):
    customers = due.asked(due.plan.test)[:5]
    found = candidates_at(due, due.plan.test, customers)
    gap = found.values[:, found.names.index("usual_gap_days")]
    assert np.nanmin(gap) == pytest.approx(16)
    assert np.nanmax(gap) == pytest.approx(16)
