"""The automatic columns as a block."""

from datetime import timedelta

import numpy as np
import pytest

from limner.dataset.aggregates import Aggregates
from limner.dataset.ledger import Ledger
from limner.errors import NotFitted
from limner.model.blocks.aggregates import AggregatesBlock
from shops import COLUMNS, START, Shop, a_lively_shop, a_log, an_event, planted

CUT = START + timedelta(days=110)


@pytest.fixture(scope="module")
def lively():
    return a_lively_shop()


@pytest.fixture(scope="module")
def made(lively):
    return AggregatesBlock(COLUMNS).fit(Ledger.of(lively), before=CUT)


def test_they_are_the_automatic_columns_of_all_who_were_there(lively, made):
    ledger = Ledger.of(lively)
    found = made.at(ledger, CUT)
    expected = Aggregates(COLUMNS).fit(ledger, before=CUT).at(ledger, CUT)
    np.testing.assert_array_equal(found.vectors, expected[found.customers])
    assert found.dim == len(made.names)
    assert found.coverage == 1.0


def test_they_are_blind_to_what_comes(lively, made):
    later = Ledger.of(lively.also(planted(110)))
    again = AggregatesBlock(COLUMNS).fit(later, before=CUT)
    assert again.version == made.version
    one, other = made.at(Ledger.of(lively), CUT), again.at(later, CUT)
    assert one.vectors.tobytes() == other.vectors.tobytes()


def test_whoever_only_heard_from_the_shop_has_them_too():
    shop = Shop(a_log([an_event("ann", 1, kind="message"), an_event("ben", 2, item="milk")]))
    ledger = Ledger.of(shop)
    assert len(AggregatesBlock(COLUMNS).fit(ledger, before=CUT).at(ledger, CUT)) == 2


def test_another_vocabulary_is_another_version(lively, made):
    early = AggregatesBlock(COLUMNS).fit(Ledger.of(lively), before=START + timedelta(days=3))
    assert early.version != made.version


def test_they_are_scored_by_rank(lively, made):
    vectors = made.at(Ledger.of(lively), CUT).vectors
    scores = made.normaliser().fit(vectors)(vectors)
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() <= 3.0


def test_it_asks_to_be_fitted_first(lively):
    with pytest.raises(NotFitted, match="fit"):
        AggregatesBlock().at(Ledger.of(lively), CUT)
