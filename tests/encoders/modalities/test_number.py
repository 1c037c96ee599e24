"""Amounts: the mean over lines, what a visit comes to, and a mark where nothing is known."""

from dataclasses import replace

import numpy as np
import torch

from histories import a_past, everybody
from limner.dataset.quantiles import MEASURES
from limner.dataset.sequences import NUMBERS
from limner.encoders.modalities.number import NumberModality
from shops import a_lively_shop


def test_a_visit_is_the_mean_of_its_lines_and_what_they_come_to():
    past = a_past(a_lively_shop(customers=20, days=130, seed=8))
    batch = everybody(past.buckets[0])
    torch.manual_seed(0)
    modality = NumberModality(past.known, 5)
    scale = dict(zip(MEASURES, modality.scales, strict=True))
    with torch.no_grad():
        found = modality(batch).reshape(-1, 5)
        for place in np.unique(batch.visit):
            numbers = torch.from_numpy(batch.numbers[batch.visit == place])
            codes = [scale[name](numbers[:, at]).mean(dim=0) for at, name in enumerate(NUMBERS)]
            codes.append(scale["lines"](torch.tensor(float(len(numbers)))))
            codes.append(scale["worth"](numbers[:, NUMBERS.index("amount")].sum()))
            assert torch.allclose(found[place], modality.mix(torch.cat(codes)), atol=1e-5)


def test_a_missing_number_has_a_code_of_its_own():
    past = a_past(a_lively_shop(customers=20, days=130, seed=8))
    batch = everybody(past.buckets[0])
    modality = NumberModality(past.known, 5)
    numbers = batch.numbers.copy()
    numbers[:, NUMBERS.index("price")] = np.nan
    nought = batch.numbers.copy()
    nought[:, NUMBERS.index("price")] = 0
    with torch.no_grad():
        one, other = (
            modality(replace(batch, numbers=numbers)),
            modality(replace(batch, numbers=nought)),
        )
    assert torch.isfinite(one).all()
    assert not torch.allclose(one, other, atol=1e-3)
