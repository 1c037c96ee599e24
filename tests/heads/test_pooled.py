"""One head for all classes."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads.pooled import PooledHead
from limner.heads.question import Question
from shops import a_lively_shop, a_study, quicken

QUESTION = Question(shape="which", horizon_days=14, classes=6)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


@pytest.fixture(scope="module")
def study():
    return a_study(a_lively_shop(customers=80, days=130, seed=11), QUESTION)


def test_it_knows_each_customers_own_classes(study):
    learned = PooledHead().fit(study, *study.training())
    sample = study.sample(study.plan.test)
    said = learned.predict(study, study.plan.test, sample.customers)
    assert said.shape == sample.truth.shape
    bought = sample.truth.astype(bool)
    assert said[bought].mean() > 1.5 * said[~bought].mean()
    assert said.mean() == pytest.approx(sample.truth.mean(), abs=0.08)


def test_it_learns_from_no_more_pairs_than_it_may(study):
    train, _ = study.training()
    rows, truth = PooledHead()._stack(study, train, most=300)
    assert len(rows) == len(truth)
    assert 150 < len(rows) < 450


def test_what_was_saved_gives_the_same_numbers(study, tmp_path):
    learned = PooledHead(seed=2).fit(study, *study.training())
    learned.save(tmp_path / "a folder that is not there yet")
    again = PooledHead(seed=2).load(tmp_path / "a folder that is not there yet")
    customers = study.asked(study.plan.test)
    one, other = (each.predict(study, study.plan.test, customers) for each in (learned, again))
    assert one.tobytes() == other.tobytes()


def test_nobody_asked_is_answered_with_nothing(study):
    learned = PooledHead().fit(study, *study.training())
    said = learned.predict(study, study.plan.test, np.zeros(0, np.int64))
    assert said.shape == (0, len(study.classes))


def test_it_asks_to_be_fitted_first(study, tmp_path):
    with pytest.raises(NotFitted, match="fit"):
        PooledHead().predict(study, study.plan.test, np.zeros(0, np.int64))
    with pytest.raises(NotFitted, match="fit"):
        PooledHead().save(tmp_path)
