"""What customers did before a moment, against loops that nobody can misread."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from histories import a_past, everybody
from limner.dataset.batches import batch_at
from limner.dataset.sequences import DAY_US, NUMBERS
from limner.dataset.vocabulary import FIELDS
from limner.model.own_history import (
    CUSTOMER_MEASURES,
    OWN_MEASURES,
    customer_history,
    own_history,
)
from shops import a_lively_shop

CPU = torch.device("cpu")
HALVES = (7, 30, 90)
CLASSES = 4


@pytest.fixture(scope="module")
def bucket():
    return a_past(a_lively_shop(customers=30, days=130, seed=7)).buckets[0]


def owners(batch):
    """Return the commonest categories as classes."""
    category = torch.from_numpy(batch.codes[:, FIELDS.index("category")]) - 1
    return torch.where((category >= 0) & (category < CLASSES), category, CLASSES)


def days_back(batch, b, m):
    """Return how many days before a moment each visit was that came before it."""
    return {
        t: float(batch.back_days[b, t] - batch.early_days[b, m])
        for t in range(batch.last[b, m] + 1)
    }


def test_own_history_counts_what_was_bought_and_decays(bucket):
    batch = everybody(bucket, moments=3)
    owner = owners(batch)
    found = own_history(batch, owner, classes=CLASSES)
    assert found.shape == (len(bucket), 3, CLASSES, OWN_MEASURES)
    width = batch.gap_days.shape[1]
    for b in range(len(batch)):
        for m in range(3):
            back = days_back(batch, b, m)
            for c in range(CLASSES):
                days = [
                    back[t]
                    for t in back
                    for line in np.flatnonzero(batch.visit == b * width + t)
                    if batch.bought[line] and owner[line] == c
                ]
                wanted = [np.log1p(sum(0.5 ** (each / half) for each in days)) for half in HALVES]
                wanted.append(1 / (1 + min(days) / 7) if days else 0)
                assert found[b, m, c].tolist() == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_a_customer_counts_visits_and_what_was_paid(bucket):
    batch = everybody(bucket, moments=3)
    assert (batch.bought == 0).any()  # views have a price too
    found = customer_history(batch, CPU)
    assert found.shape == (len(bucket), 3, CUSTOMER_MEASURES)
    width = batch.gap_days.shape[1]
    for b in range(len(batch)):
        for m in range(3):
            back, wanted = days_back(batch, b, m), []
            paid = {
                t: sum(
                    batch.numbers[line, NUMBERS.index("amount")] * batch.bought[line]
                    for line in np.flatnonzero(batch.visit == b * width + t)
                )
                for t in back
            }
            for half in (*HALVES, np.inf):
                weight = {t: 0.5 ** (days / half) for t, days in back.items()}
                wanted.append(np.log1p(sum(weight.values())))
                wanted.append(np.log1p(sum(weight[t] * paid[t] for t in back)))
            assert found[b, m].tolist() == pytest.approx(wanted, rel=1e-3, abs=1e-3)


def test_an_earlier_moment_sees_what_it_would_see_alone(bucket):
    rows = np.arange(len(bucket))
    at = bucket.first_us[:, None] + np.array([[3, 20, 60]]) * DAY_US
    together = batch_at(bucket, rows, at, longest=500)
    for m in range(3):
        alone = batch_at(bucket, rows, at[:, m : m + 1], longest=500)
        for found in (
            lambda batch: own_history(batch, owners(batch), classes=CLASSES),
            lambda batch: customer_history(batch, CPU),
        ):
            assert torch.allclose(found(together)[:, m], found(alone)[:, 0], atol=1e-3)


def test_what_happened_a_second_ago_is_history(bucket):
    """In days until a far moment, as 32-bit floats, a second is nothing: the place decides."""
    rows = np.flatnonzero(bucket.lengths >= 6)[:6]
    at = bucket.visit_us[bucket.visits[rows] + 3] + 1_000_000
    far = at + 400 * DAY_US
    together = batch_at(bucket, rows, np.stack([at, far], axis=1), longest=500)
    alone = batch_at(bucket, rows, at[:, None], longest=500)
    found = own_history(together, owners(together), classes=CLASSES)[:, 0]
    wanted = own_history(alone, owners(alone), classes=CLASSES)[:, 0]
    assert torch.allclose(found, wanted, atol=1e-3)


def test_who_bought_nothing_has_noughts(bucket):
    batch = everybody(bucket)
    bare = replace(batch, bought=np.zeros_like(batch.bought))
    assert not own_history(bare, owners(bare), classes=CLASSES).any()
    assert not customer_history(bare, CPU)[..., 1::2].any()
    nobody = torch.full((len(batch.visit),), CLASSES)
    assert not own_history(batch, nobody, classes=CLASSES).any()
