"""Four ways of knowing a customer, side by side."""

import numpy as np
import pytest

from limner.heads import modalities
from limner.heads.features import habits_block
from limner.heads.modalities import (
    MODALITIES,
    beside,
    look_block,
    looks_in,
    pairs_beside,
    possible,
    widths,
)
from limner.heads.question import Question
from limner.heads.taste import taste_block
from limner.model.looks import met_vectors
from shops import Shop, a_lively_shop, a_study, planted, seen
from standing import learn, stand_by

WHETHER = Question(shape="whether", horizon_days=20)
CATEGORIES = Question(shape="which", horizon_days=20, of="category", classes=4)
BRANDS = Question(shape="which", horizon_days=20, of="brand", classes=3)


@pytest.fixture(scope="module")
def shop():
    return seen(a_lively_shop(customers=60, days=130, seed=6))


@pytest.fixture(scope="module")
def study(shop, tmp_path_factory):
    folds = learn(shop, tmp_path_factory.mktemp("folds"), day=110, whole=False, steps=2)
    return stand_by(a_study(shop, WHETHER), folds)


def test_what_there_is_to_read(study, shop):
    assert possible(study) == MODALITIES
    assert looks_in(study) == ("text", "image")
    assert possible(a_study(shop, WHETHER)) == MODALITIES[1:]
    brands = a_study(shop, BRANDS, desk=study.desk)
    assert possible(brands) == MODALITIES[1:]
    blind = a_study(a_lively_shop(customers=60, days=130, seed=6), WHETHER)
    assert possible(blind) == ("collaborative",)
    bare = Shop(shop.events.with_columns(item_id=None).cast(dict(shop.events.schema)))
    assert possible(a_study(bare, WHETHER)) == ()


def test_a_look_is_the_mean_of_what_was_met_and_of_length_one(study):
    window = study.plan.test
    customers = study.asked(window)[:9]
    found = look_block(study, window, customers, "text")
    vectors = study.ledger.looks["text"].vectors
    sums = met_vectors(
        study.ledger, window.cut, vectors=vectors, half_life_days=modalities.HALF_LIFE_DAYS
    )[customers]
    np.testing.assert_allclose(found, sums / np.linalg.norm(sums, axis=1, keepdims=True), rtol=1e-5)


def test_who_met_nothing_is_not_known(shop):
    study = a_study(seen(shop.also(planted(110)), looks=["text"]), WHETHER)
    late = np.flatnonzero(study.ledger.customers == "a newcomer")
    assert len(late) == 1
    assert np.isnan(look_block(study, study.plan.test, late, "text")).all()


def test_blocks_stand_side_by_side_in_the_order_given(study):
    window, customers = study.plan.test, study.asked(study.plan.test)[:5]
    wide = widths(study, MODALITIES)
    assert wide["text"] == wide["image"] == 6
    told = beside(habits_block, MODALITIES)(study, window, customers)
    counted = habits_block(study, window, customers)
    assert told.shape == (5, counted.shape[1] + sum(wide.values()))
    np.testing.assert_array_equal(told[:, : counted.shape[1]], counted)
    np.testing.assert_array_equal(told[:, -6:], look_block(study, window, customers, "image"))
    alone = beside(None, ["collaborative"])(study, window, customers)
    np.testing.assert_array_equal(alone, taste_block(study, window, customers))


def test_customers_are_nearest_to_the_classes_they_met(study):
    classes = a_study(study.ledger.source, CATEGORIES, desk=study.desk)
    window, customers = classes.plan.test, classes.asked(classes.plan.test)
    for name in MODALITIES[1:]:
        near = pairs_beside([name])(classes, window, customers)
        assert near.shape == (len(customers), 4, 2)
        np.testing.assert_allclose(near[:, :, 1].mean(axis=1), 0, atol=1e-5)
        met = np.stack(
            [
                met_vectors(
                    classes.ledger,
                    window.cut,
                    vectors=(classes.ledger.item_category == code)[:, None].astype(np.float32),
                    half_life_days=modalities.HALF_LIFE_DAYS,
                )[customers, 0]
                for code in classes.classes
            ],
            axis=1,
        )
        favourite = met.argmax(axis=1)
        assert np.mean(near[:, :, 1].argmax(axis=1) == favourite) > 0.5, name
    both = pairs_beside(["sequence", "text"])(classes, window, customers[:3])
    assert both.shape == (3, 4, 3)


def test_what_comes_at_the_cut_or_after_moves_nothing(shop):
    later = Shop(shop.also(planted(110)).events, catalogue=shop.catalogue(), buckets=2)
    later.vectors = shop.vectors
    here, there = a_study(shop, CATEGORIES), a_study(later, CATEGORIES)
    names = MODALITIES[1:]
    for window in (here.plan.validation, here.plan.test):
        asked = [one.asked(window) for one in (here, there)]
        for read in (beside(None, names), pairs_beside(names)):
            one, other = (
                read(study, window, who) for study, who in zip((here, there), asked, strict=True)
            )
            np.testing.assert_allclose(one, other, atol=1e-6)
