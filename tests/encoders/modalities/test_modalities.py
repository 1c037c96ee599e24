"""What must hold of every file of the folder of modalities."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from histories import a_past, everybody
from limner import plugins
from limner.dataset.batches import batch_at
from limner.encoders import modalities
from shops import CATALOGUE, Shop, a_catalogue, a_lively_shop, a_log, an_event, seen
from visits import CUT_US


@pytest.fixture(scope="module")
def past():
    return a_past(seen(a_lively_shop(customers=20, days=130, seed=8)))


@pytest.fixture(params=plugins.names(modalities))
def modality(request, past):
    torch.manual_seed(0)
    return plugins.load(modalities, request.param)(past.known, 6)


def test_a_visit_has_a_finite_vector_of_the_width(modality, past):
    batch = everybody(past.buckets[0])
    found = modality(batch)
    assert found.shape == (*batch.gap_days.shape, 6)
    assert torch.isfinite(found).all()
    assert found[0].std() > 0


def test_every_weight_learns(modality, past):
    found = modality(everybody(past.buckets[0]))
    (found * torch.randn_like(found)).sum().backward()
    for name, weight in modality.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all()
        assert (weight.grad != 0).any(), name


def test_padding_moves_nothing(modality, past):
    bucket = past.buckets[0]
    rows = np.argsort(bucket.lengths)[[0, -1]]
    moments = np.full((2, 1), CUT_US)
    both = modality(batch_at(bucket, rows, moments, longest=16))
    alone = modality(batch_at(bucket, rows[:1], moments[:1], longest=16))
    assert torch.allclose(both[0, : alone.shape[1]], alone[0], atol=1e-6)


def test_in_which_order_the_lines_of_a_visit_stand_moves_nothing(modality, past):
    batch = everybody(past.buckets[0])
    order = np.lexsort((-np.arange(len(batch.visit)), batch.visit))
    assert (order != np.arange(len(order))).any()
    turned = {name: getattr(batch, name)[order] for name in ("codes", "items", "numbers", "bought")}
    assert torch.allclose(modality(replace(batch, **turned)), modality(batch), atol=1e-5)


def test_what_is_never_known_leaves_it_finite():
    """Neither price nor quantity nor item, and no name with a number of its own."""
    lines = [an_event("ann", day) for day in range(3)]
    past = a_past(seen(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE))))
    batch = everybody(past.buckets[0])
    for _, make in plugins.load_all(modalities):
        assert torch.isfinite(make(past.known, 6)(batch)).all()


def test_items_have_a_vector_or_it_says_none(modality, past):
    sizes = [past.known.vocabulary.size(field) for field in past.known.vocabulary.fields]
    codes = torch.stack([torch.randint(size, (9,)) for size in sizes], dim=1)
    found = modality.items(codes)
    if found is None:
        return
    assert found.shape == (9, 6)
    assert torch.allclose(modality.items(codes[3:4]), found[3:4], atol=1e-6)
