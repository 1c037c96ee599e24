"""What is alike in words or in looks has something in common, also on its first day."""

import pytest
import torch

from histories import a_past, everybody
from limner.dataset.vocabulary import FIELDS
from limner.encoders.modalities.image import ImageModality
from limner.encoders.modalities.text import TextModality
from shops import a_lively_shop, seen


@pytest.fixture(scope="module")
def past():
    return a_past(seen(a_lively_shop(customers=20, days=130, seed=8)))


@pytest.mark.parametrize(("make", "look"), [(TextModality, "text"), (ImageModality, "image")])
def test_each_reads_its_own_columns_and_no_other(make, look, past):
    torch.manual_seed(0)
    modality, names = make(past.known, 6), past.known.vocabulary.fields
    own = [names.index(field) for field in past.known.vocabulary.steps(look)]
    assert len(own) == 3
    codes = torch.ones(1, len(names), dtype=torch.long)
    others = codes.clone()
    others[:, [at for at in range(len(names)) if at not in own]] = 0
    assert torch.equal(modality.items(codes), modality.items(others))
    for at in own:
        changed = codes.clone()
        changed[:, at] = 2
        assert not torch.allclose(modality.items(changed), modality.items(codes))


def test_an_item_without_words_says_nothing(past):
    torch.manual_seed(0)
    modality = TextModality(past.known, 6)
    codes = torch.ones(2, len(past.known.vocabulary.fields), dtype=torch.long)
    codes[:, len(FIELDS) :] = 0
    assert not modality.items(codes).any()
    assert modality(everybody(past.buckets[0])).any()
