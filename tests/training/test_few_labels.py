"""A share of the customers' labels: the same ones for everybody, smaller shares within larger."""

from datetime import UTC, datetime

import numpy as np
import pytest

from limner.dataset.cuts import Window
from limner.errors import BadConfig
from limner.heads.study import Sample
from limner.training.few_labels import few_labels

WINDOWS = [Window(datetime(2024, month, 1, tzinfo=UTC), 30) for month in (1, 2, 3)]


def samples():
    train = [
        Sample(window, np.arange(start, 200), np.arange(start, 200) * 1.0)
        for window, start in zip(WINDOWS[:2], (0, 50), strict=True)
    ]
    return train, Sample(WINDOWS[2], np.arange(100, 260), np.arange(100, 260) * 1.0)


def kept(share, seed=0):
    train, validation = few_labels(*samples(), share=share, seed=seed)
    for one in [*train, validation]:
        assert np.array_equal(one.customers * 1.0, one.truth)
    return set(np.concatenate([one.customers for one in [*train, validation]]))


def test_a_smaller_share_is_part_of_a_larger_one():
    assert kept(0.01) < kept(0.2) < kept(0.5) < kept(1.0) == set(range(260))
    assert len(kept(0.2)) == 52
    assert len(kept(0.001)) == 1


def test_the_seed_decides_who():
    assert kept(0.1) == kept(0.1)
    assert kept(0.1) != kept(0.1, seed=1)


def test_a_customer_is_kept_at_all_cuts_or_at_none():
    train, validation = few_labels(*samples(), share=0.3, seed=0)
    first, second = (set(one.customers) for one in train)
    assert {each for each in first if each >= 50} == second
    assert second & set(validation.customers) == {each for each in second if each >= 100}


def test_a_share_that_is_none_is_refused():
    for share in (0, 1.5):
        with pytest.raises(BadConfig, match="share of labels"):
            few_labels(*samples(), share=share, seed=0)
