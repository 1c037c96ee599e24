"""When: the clock goes round, and the week with it; gap and age count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from histories import a_past, everybody
from limner.encoders.modalities.time import TimeModality
from shops import a_lively_shop


@pytest.fixture(scope="module")
def batch():
    return everybody(a_past(a_lively_shop(customers=10, days=60, seed=1)).buckets[0])


@pytest.fixture(scope="module")
def modality():
    torch.manual_seed(0)
    return TimeModality(None, 6)


def at(batch, modality, **told):
    filled = {name: np.full_like(batch.gap_days, value) for name, value in told.items()}
    with torch.no_grad():
        return modality(replace(batch, **filled))


@pytest.mark.parametrize(("name", "turn"), [("hour", 24), ("weekday", 7)])
def test_the_end_of_a_turn_is_its_beginning(batch, modality, name, turn):
    late = at(batch, modality, **{name: turn - 0.001})
    early = at(batch, modality, **{name: 0.0})
    middle = at(batch, modality, **{name: turn / 2})
    assert torch.allclose(late, early, atol=1e-2)
    assert not torch.allclose(middle, early, atol=1e-1)


@pytest.mark.parametrize("name", ["gap_days", "age_days"])
def test_a_day_and_a_month_differ(batch, modality, name):
    day, month = at(batch, modality, **{name: 1.0}), at(batch, modality, **{name: 30.0})
    assert not torch.allclose(day, month, atol=1e-2)
