"""How long ago, and nothing else."""

import numpy as np
import pytest

from limner.heads.features import recency_block
from limner.heads.methods.recency import Recency
from limner.heads.question import Question
from shops import START, Shop, a_catalogue, a_lively_shop, a_log, a_study, an_event


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=80, days=130, seed=6)


def test_customers_of_one_recency_get_one_answer_and_newer_ones_a_higher(shop):
    study = a_study(shop, Question(shape="whether", horizon_days=14))
    learned = Recency().learn(study, *study.training())
    window = study.plan.test
    customers = study.asked(window)
    days = recency_block(study, window, customers)[:, 0]
    said = learned.predict(study, window, customers)
    known = ~np.isnan(days)
    order = np.argsort(days[known])
    assert (np.diff(said[known][order]) <= 1e-12).all()
    assert said[known][order][0] > said[known][order][-1]


def test_a_class_never_had_has_a_share_of_its_own(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=4))
    learned = Recency().learn(study, *study.training())
    said = learned.predict(study, study.plan.test, study.asked(study.plan.test))
    bands = np.unique(said)
    assert 1 < len(bands) <= 51
    assert said.max() < 1


def test_a_class_that_nobody_had_before_is_answered_with_the_share_of_all():
    """The first window's customers looked only; each buys in a later one."""
    events = [an_event(f"c{n}", 1 + n / 50, "view", "milk") for n in range(40)]
    events += [an_event(f"c{n}", 62 + n / 50, "purchase", "milk", price=1.0) for n in range(40)]
    shop = Shop(a_log(events), catalogue=a_catalogue({"milk": ("Food > Dairy", None)}))
    question = Question(shape="which", horizon_days=20, among_days=None)
    study = a_study(shop, question, day=100)
    learned = Recency().learn(study, *study.training())
    said = learned.predict(study, study.plan.test, study.asked(study.plan.test))
    assert said.shape == (40, 1)
    assert np.isfinite(said).all()
    assert study.plan.test.cut > START
