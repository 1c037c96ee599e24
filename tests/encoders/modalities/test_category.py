"""Names as vectors: a line is the sum of its names, a visit that of its lines over their root."""

import numpy as np
import torch

from histories import a_past, everybody
from limner.dataset.vocabulary import FIELDS, catalogue_codes
from limner.encoders.modalities.category import CategoryModality
from shops import CATALOGUE, Shop, a_catalogue, a_lively_shop, a_log, an_event


def a_modality(past, width=5):
    torch.manual_seed(0)
    return CategoryModality(past.known, width)


def test_nothing_known_is_nought():
    past = a_past(a_lively_shop(customers=10, days=60, seed=1))
    assert not a_modality(past).items(torch.zeros(2, len(FIELDS), dtype=torch.long)).any()


def test_no_two_numbers_share_a_vector():
    past = a_past(a_lively_shop(customers=10, days=60, seed=1))
    rows = []
    for place, field in enumerate(FIELDS):
        size = past.known.vocabulary.size(field)
        codes = torch.zeros(size - 1, len(FIELDS), dtype=torch.long)
        codes[:, place] = torch.arange(1, size)
        rows.append(a_modality(past).items(codes))
    found = torch.cat(rows)
    assert len(torch.unique(found, dim=0)) == len(found)
    assert len(a_modality(past).table.weight) == 1 + len(found)


def test_a_visit_is_the_sum_of_its_lines_over_the_root_of_their_number():
    past = a_past(a_lively_shop(customers=20, days=130, seed=8))
    batch, modality = everybody(past.buckets[0]), a_modality(past)
    with torch.no_grad():
        found = modality(batch).reshape(-1, 5)
        lines = modality.items(torch.from_numpy(batch.codes))
        for place in range(len(found)):
            own = lines[np.flatnonzero(batch.visit == place)]
            wanted = own.sum(dim=0) / max(1, len(own)) ** 0.5
            assert torch.allclose(found[place], wanted, atol=1e-6)


def test_an_item_never_seen_has_the_vectors_of_its_category_and_brand():
    lines = [an_event("ann", day, item="milk") for day in range(4)]
    past = a_past(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    codes = torch.from_numpy(catalogue_codes(past.ledger, past.known.vocabulary))
    places = {str(name): place for place, name in enumerate(past.ledger.items)}
    modality = a_modality(past)
    with torch.no_grad():
        found = modality.items(codes)
        own = torch.zeros_like(codes)
        own[:, FIELDS.index("item")] = codes[:, FIELDS.index("item")]
        shared = found - modality.items(own)
        milk, cheese, bag = (shared[places[name]] for name in ("milk", "cheese", "bag"))
        # Milk and cheese are of one category, milk and the bag of one brand.
        only_brand = torch.zeros_like(codes)
        only_brand[:, FIELDS.index("brand")] = codes[:, FIELDS.index("brand")]
        brands = modality.items(only_brand)
        assert torch.allclose(milk - brands[places["milk"]], cheese - brands[places["cheese"]])
        assert torch.allclose(bag, brands[places["milk"]])
