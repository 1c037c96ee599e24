"""A visit is the sum of what every modality makes of it."""

from dataclasses import replace

import pytest
import torch

from histories import a_past, everybody
from limner import plugins
from limner.dataset.vocabulary import catalogue_codes
from limner.encoders import modalities
from limner.encoders.event import EventEncoder
from limner.encoders.modality import Known
from limner.errors import BadConfig, UnknownPlugin
from limner.events.item_vectors import LOOKS
from shops import a_lively_shop, seen


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=20, days=130, seed=8))


@pytest.fixture(scope="module")
def encoder(past):
    assert isinstance(past.known, Known)
    torch.manual_seed(0)
    return EventEncoder(past.known, 6)


def test_it_adds_up_every_file_of_the_folder_and_brings_it_to_one_scale(past, encoder):
    batch = everybody(past.buckets[0])
    assert set(encoder.modalities) == set(plugins.names(modalities)).difference(LOOKS)
    with torch.no_grad():
        found = encoder(batch)
        summed = sum(each(batch) for each in encoder.modalities.values())
        held = torch.from_numpy(batch.lines > 0)
        assert torch.allclose(found[held], encoder.norm(summed)[held], atol=1e-6)
    assert not found[~held].any()
    assert found.shape == (*batch.gap_days.shape, 6)
    assert found.mean(dim=-1).abs().max() < 1e-5


def test_an_item_is_the_sum_of_what_is_known_of_it(past, encoder):
    codes = torch.from_numpy(catalogue_codes(past.ledger, past.known.vocabulary))
    with torch.no_grad():
        parts = [each.items(codes) for each in encoder.modalities.values()]
        found = encoder.items(codes)
        assert torch.allclose(found, sum(part for part in parts if part is not None), atol=1e-6)
    assert found.shape == (len(past.ledger.items), 6)


def test_items_are_alike_where_no_modality_knows_them(past):
    encoder = EventEncoder(past.known, 6, names=("time",))
    codes = torch.from_numpy(catalogue_codes(past.ledger, past.known.vocabulary))
    assert encoder.items(codes).shape == (len(codes), 6)
    assert not encoder.items(codes).any()


def test_only_the_modalities_that_were_asked_for_are_read(past):
    torch.manual_seed(0)
    encoder = EventEncoder(past.known, 6, names=("category",)).eval()
    batch = everybody(past.buckets[0])
    moved = replace(batch, gap_days=batch.gap_days + 3, numbers=batch.numbers * 2)
    with torch.inference_mode():
        assert list(encoder.modalities) == ["category"]
        assert torch.equal(encoder(batch), encoder(moved))
    with pytest.raises(UnknownPlugin):
        EventEncoder(past.known, 6, names=("smell",))


def test_what_items_look_like_is_read_where_the_log_keeps_it(past):
    shop = seen(a_lively_shop(customers=20, days=130, seed=8), looks=["text"])
    encoder = EventEncoder(a_past(shop).known, 6)
    assert set(encoder.modalities) == set(plugins.names(modalities)) - {"image"}
    with pytest.raises(BadConfig, match="image cannot be read"):
        EventEncoder(a_past(shop).known, 6, names=["time", "image"])
    with pytest.raises(BadConfig, match="image and text cannot be read"):
        EventEncoder(past.known, 6, names=["text", "image"])
