"""What models say of customers, as heads ask for it."""

from datetime import timedelta

import numpy as np
import pytest

from limner.errors import BadConfig
from limner.heads.behaviour import (
    Readings,
    class_column,
    item_opinions,
    pair_block,
    readings_of,
    sequence_block,
    vector_block,
)
from limner.heads.question import Question
from shops import START, a_lively_shop, a_study

WHETHER = Question(shape="whether", horizon_days=20)
CATEGORIES = Question(shape="which", horizon_days=20, of="category", classes=4)


class Speaks:
    """Says numbers that tell who and what they are of; counts how often it is asked."""

    def __init__(self, classes=("C1", "C0")):
        self.classes, self.asked = classes, []

    def read(self, ledger, cut):
        self.asked.append(cut)
        own = np.arange(len(ledger), dtype=np.float32)[:, None]
        return Readings(
            vectors=own + np.float32([0.0, 0.25]),
            scores=own + 0.5,
            class_scores=own + np.arange(len(self.classes)) / 8,
            tastes=own * np.float32([1.0, 0.0]),
            score_names=("whether 20d",),
            class_names=tuple(self.classes),
        )

    def item_scores(self, ledger, cut, customers, items):
        return np.float32(customers[:, None] * 0 + items)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=40, days=130, seed=5)


def studied(shop, question=WHETHER, behaviour=None):
    study = a_study(shop, question, day=110)
    study.desk.behaviour = behaviour
    return study


def test_customers_are_picked_by_their_codes_and_a_cut_is_read_once(shop):
    speaks = Speaks()
    study = studied(shop, behaviour=speaks)
    some = np.array([7, 3])
    np.testing.assert_array_equal(
        sequence_block(study, study.plan.test, some), [[7, 7.25, 7.5], [3, 3.25, 3.5]]
    )
    np.testing.assert_array_equal(
        vector_block(study, study.plan.test, some), [[7, 7.25], [3, 3.25]]
    )
    found = readings_of(study, study.plan.validation, some)
    assert found.score_names == ("whether 20d",)
    assert found.tastes.tolist() == [[7, 0], [3, 0]]
    assert speaks.asked == [START + timedelta(days=110), study.plan.validation.cut]


def test_classes_are_found_by_name_and_those_without_a_score_are_not_known(shop):
    study = studied(shop, CATEGORIES, Speaks())
    told = class_column(study, study.plan.test, np.array([2]))
    known = {"C1": 2.0, "C0": 2.125}
    expected = [[known.get(name, np.nan) for name in study.class_names]]
    np.testing.assert_array_equal(told, expected)
    assert 0 < np.isnan(told).sum() < 4


def test_brands_have_no_scores(shop):
    brands = studied(shop, Question(shape="which", horizon_days=20, of="brand"), Speaks())
    told = class_column(brands, brands.plan.test, np.array([0, 1]))
    assert told.shape == (2, len(brands.classes))
    assert np.isnan(told).all()


def test_a_pair_brings_the_odds_of_its_class_and_the_customers_scores(shop):
    study = studied(shop, CATEGORIES, Speaks())
    some = np.array([4, 2])
    told = pair_block(study, study.plan.test, some)
    assert told.shape == (2, 4, 2)
    odds = class_column(study, study.plan.test, some)
    np.testing.assert_array_equal(told[:, :, 0], odds)
    np.testing.assert_array_equal(told[:, :, 1], [[4.5] * 4, [2.5] * 4])


def test_opinions_of_items_are_shares(shop):
    study = studied(shop, behaviour=Speaks())
    told = item_opinions(study, study.plan.test, np.arange(3), np.array([1, 0, 2]))
    np.testing.assert_allclose(told.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(told[0], np.exp([1, 0, 2]) / np.exp([1, 0, 2]).sum(), rtol=1e-6)
    nobody = item_opinions(study, study.plan.test, np.zeros(0, np.int64), np.arange(3))
    assert nobody.shape == (0, 3)


def test_no_items_are_no_opinion(shop):
    study = studied(shop, behaviour=Speaks())
    told = item_opinions(study, study.plan.test, np.arange(2), np.zeros(0, np.int64))
    assert told.shape == (2, 0)


def test_without_a_model_it_says_what_to_do(shop):
    study = studied(shop)
    with pytest.raises(BadConfig, match="asked: no behaviour model stands by") as caught:
        vector_block(study, study.plan.test, np.arange(2))
    assert "limner[torch]" in caught.value.hint
