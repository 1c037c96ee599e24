"""The behaviour model's vectors as a block."""

import numpy as np

from histories import a_model, a_past
from limner.dataset.ledger import Ledger
from limner.model.blocks.sequence import SequenceBlock
from limner.model.reading import read_customers
from shops import a_lively_shop, planted
from visits import CUT, DAY


def test_it_holds_what_the_model_read_and_is_blind_to_what_comes():
    shop = a_lively_shop(customers=30, days=130, seed=7)
    model = a_model(a_past(shop).known)
    made = SequenceBlock(model, version="7f")
    ledger = Ledger.of(shop)
    found = made.at(ledger, CUT)
    read = read_customers(model, ledger, CUT)
    assert found.vectors.tobytes() == read.vectors.tobytes()
    assert found.to_dict()["version"] == "7f"
    assert found.coverage == 1.0
    later = made.at(Ledger.of(shop.also(planted(DAY))), CUT)
    assert len(later) == len(found)
    assert later.coverage == found.coverage
    np.testing.assert_allclose(later.vectors, found.vectors, atol=1e-5)


def test_each_number_has_one_spread():
    shop = a_lively_shop(customers=30, days=130, seed=7)
    made = SequenceBlock(a_model(a_past(shop).known), version="7f")
    vectors = made.at(Ledger.of(shop), CUT).vectors
    scores = made.normaliser().fit(vectors)(vectors)
    np.testing.assert_allclose(scores.std(axis=0), 1.0, rtol=1e-3)
