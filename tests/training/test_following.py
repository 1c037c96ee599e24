"""What followed each visit, beside a loop over all visits."""

import numpy as np
import torch

from histories import a_past, everybody
from limner.training.following import following
from shops import a_lively_shop
from visits import CUT


def a_batch():
    past = a_past(a_lively_shop(customers=20, days=140, seed=9), cut=CUT)
    return everybody(past.buckets[0])


def test_each_line_comes_after_the_visit_before_its_own():
    batch = a_batch()
    width = batch.gap_days.shape[1]
    found = following(batch, np.random.default_rng(0))
    wanted = [
        (b * width + t, line)
        for b in range(len(batch))
        for t in range(batch.lengths[b] - 1)
        for line in np.flatnonzero(batch.visit == b * width + t + 1)
    ]
    assert list(zip(found.asked[found.rows], found.lines, strict=True)) == wanted
    assert len(found) == (batch.lengths - 1).sum()
    states = torch.arange(batch.gap_days.size).float().reshape(*batch.gap_days.shape, 1)
    assert found.states(states)[:, 0].tolist() == found.asked.tolist()


def test_some_of_the_visits_are_asked_by_chance():
    batch = a_batch()
    whole = following(batch, np.random.default_rng(0))
    some = following(batch, np.random.default_rng(0), most=7)
    assert len(some) == 7
    assert set(some.asked) <= set(whole.asked)
    assert set(some.rows) == set(range(7))
