"""The factors of who bought what, in a study."""

import numpy as np
import polars as pl
import pytest

from limner.errors import TooFew
from limner.heads.question import Question
from limner.heads.stacked import StackedHead
from limner.heads.taste import taste_block, taste_classes, taste_heads
from shops import Shop, a_lively_shop, a_study, planted

CHURN = Question(shape="whether", nothing=True, horizon_days=14)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop()


def test_all_cuts_share_a_space_and_what_comes_moves_nothing(shop):
    one, other = a_study(shop, CHURN), a_study(shop.also(planted(110)), CHURN)
    for window in (one.plan.validation, one.plan.test):
        here, there = (taste_block(each, window, each.asked(window)) for each in (one, other))
        assert here.tobytes() == there.tobytes()
        assert np.isfinite(here).all()


def test_a_study_learns_and_reads_it_once(shop):
    study = a_study(shop, CHURN)
    asked = study.asked(study.plan.test)
    before = taste_block(study, study.plan.test, asked)
    kept = dict(study.desk._kept)
    np.testing.assert_array_equal(taste_block(study, study.plan.test, asked[:3]), before[:3])
    assert study.desk._kept == kept


def test_a_stack_of_it_comes_back_from_a_folder(shop, tmp_path):
    study = a_study(shop, CHURN)
    train, validation = study.training()
    told = [
        (taste_block(study, sample.window, sample.customers), sample.truth)
        for sample in (train[-1], validation)
    ]
    head = StackedHead("binary", heads=taste_heads).fit(*told[0], *told[1])
    head.save(tmp_path / "head")
    again = StackedHead("binary", heads=taste_heads).load(tmp_path / "head")
    assert again.predict(told[1][0]).tobytes() == head.predict(told[1][0]).tobytes()


def test_a_shop_without_items_is_refused(shop):
    bare = Shop(shop.events.with_columns(item_id=pl.lit(None, pl.String)), buckets=2)
    study = a_study(bare, CHURN)
    with pytest.raises(TooFew, match="no item, category or brand"):
        taste_block(study, study.plan.test, study.asked(study.plan.test))


def test_tastes_are_tied_to_the_classes_that_were_met(shop):
    question = Question(shape="which", horizon_days=14, of="category", classes=4)
    study = a_study(shop, question)
    window = study.plan.test
    asked = study.asked(window)
    told = taste_classes(study, window, asked)
    assert told.shape == (len(asked), 4)
    assert np.isfinite(told).all()
    taken = study.sample(window).truth.astype(bool)
    assert told[taken].mean() > told[~taken].mean()
    departments = a_study(shop, question.model_copy(update={"of": "department"}))
    assert np.isnan(taste_classes(departments, window, asked)).all()
