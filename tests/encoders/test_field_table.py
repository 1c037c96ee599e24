"""Fields as vectors: which columns are read, and how lines become a visit."""

import numpy as np
import pytest
import torch

from histories import a_past, everybody
from limner.encoders.field_table import FieldTable
from shops import a_lively_shop


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=20, days=130, seed=8))


@pytest.mark.parametrize("fields", [("item",), ("department", "category", "brand")])
def test_a_visit_is_what_a_loop_says(past, fields):
    torch.manual_seed(0)
    table = FieldTable(past.known, 5, fields=fields)
    names = past.known.vocabulary.fields
    batch = everybody(past.buckets[0])
    with torch.no_grad():
        found = table(batch).reshape(-1, 5)
        for place in np.unique(batch.visit)[:20]:
            lines = batch.codes[batch.visit == place]
            told = torch.zeros(5)
            for line in lines:
                alone = torch.zeros(1, len(names), dtype=torch.long)
                for field in fields:
                    alone[0, names.index(field)] = int(line[names.index(field)])
                told += table.items(alone)[0]
            assert torch.allclose(found[place], told / len(lines) ** 0.5, atol=1e-5)


def test_no_two_numbers_share_a_vector(past):
    table = FieldTable(past.known, 5, fields=("category", "brand"))
    sizes = [past.known.vocabulary.size(field) for field in ("category", "brand")]
    assert table.table.num_embeddings == 1 + sum(size - 1 for size in sizes)
