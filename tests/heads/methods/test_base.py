"""The same answer for everybody."""

import numpy as np
import pytest

from limner.heads.methods.base import Base
from limner.heads.question import Question
from limner.heads.study import Sample
from shops import a_lively_shop, a_study


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=40, days=120, seed=1)


def learned(study, truth):
    sample = study.training()[1]
    truth = np.asarray(truth, float)
    held = Sample(sample.window, sample.customers[: len(truth)], truth)
    return Base().learn(study, [], held).predict(study, study.plan.test, np.array([0, 1, 2]))


def test_golden_whether_is_the_share_of_the_newest_labels(shop):
    study = a_study(shop, Question(shape="whether", horizon_days=14), day=100)
    assert learned(study, [1, 0, 0, 1]).tolist() == [0.5, 0.5, 0.5]


def test_golden_which_is_the_share_of_each_class(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=2), day=100)
    said = learned(study, [[1, 0], [1, 0], [0, 0], [1, 1]])
    assert said.tolist() == [[0.75, 0.25]] * 3


def test_golden_amounts_are_the_mean_and_the_mean_of_the_logarithm(shop):
    study = a_study(shop, Question(shape="how_much", horizon_days=14), day=100)
    said = learned(study, [0, 3])
    np.testing.assert_allclose(said, [[1.5, 1.0]] * 3)


def test_amounts_of_short_windows_are_stretched_to_the_horizon(shop):
    study = a_study(shop, Question(shape="how_many", horizon_days=96), day=100)
    assert study.plan.shortened
    days = study.plan.validation.horizon_days
    np.testing.assert_allclose(learned(study, [2, 2]), [[192 / days, 192 / days]] * 3)
