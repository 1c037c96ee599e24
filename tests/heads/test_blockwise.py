"""One head for whether, one a class for which, over whatever block it may read."""

from functools import partial

import numpy as np
import pytest

from limner.heads.blockwise import BlockAnswer, learn_binary, learn_classwise
from limner.heads.features import hand_made_block, recency_block
from limner.heads.question import Question
from limner.heads.stacked import StackedHead, linear_only
from shops import a_lively_shop, a_study, quicken


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=130, seed=7)


MAKE = partial(StackedHead, "binary", heads=linear_only)


@pytest.mark.parametrize(
    ("question", "width"),
    [
        (Question(shape="whether", horizon_days=14), None),
        (Question(shape="which", horizon_days=14, classes=3), 3),
    ],
)
def test_it_learns_answers_and_keeps(shop, question, width, tmp_path):
    study = a_study(shop, question)
    learned = learn_binary(study, *study.training(), block=hand_made_block, make=MAKE)
    window = study.plan.test
    customers = study.asked(window)
    said = learned.predict(study, window, customers)
    assert said.shape == ((len(customers),) if width is None else (len(customers), width))
    learned.save(tmp_path)
    again = BlockAnswer.load(tmp_path, block=hand_made_block, make=MAKE)
    assert len(again.heads) == len(learned.heads)
    assert again.predict(study, window, customers).tobytes() == said.tobytes()


def test_more_than_ten_classes_come_back_in_their_order(shop, tmp_path):
    study = a_study(shop, Question(shape="whether", horizon_days=14))
    one = learn_binary(study, *study.training(), block=recency_block, make=MAKE)
    for place in range(12):
        head = one.heads[0]
        head.coefficients = None
        BlockAnswer(recency_block, (head,) * (place + 1)).save(tmp_path)
    again = BlockAnswer.load(tmp_path, block=recency_block, make=MAKE)
    assert len(again.heads) == 12


def test_a_class_that_nobody_bought_lately_is_answered_with_its_base_rate(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=3))
    train, validation = study.training()
    for sample in (*train, validation):
        sample.truth[:, 1] = 0
    learned = learn_binary(study, train, validation, block=hand_made_block, make=MAKE)
    said = learned.predict(study, study.plan.test, study.asked(study.plan.test))
    assert said[:, 1].max() < 1e-5
    assert np.isfinite(said).all()


def test_each_class_has_a_head_that_reads_what_is_known_of_the_pair(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=3))
    train, validation = study.training()
    truth = {one.window: one for one in (*train, validation, study.sample(study.plan.test))}

    def knows(study, window, customers):
        """The second class alone is told, and every customer's number, which tells nothing."""
        told = truth[window]
        place = np.searchsorted(told.customers, customers)
        pairs = np.zeros((len(customers), 3, 2), np.float32)
        pairs[:, 1, 0] = told.truth[place, 1]
        pairs[:, :, 1] = customers[:, None]
        return pairs

    learned = learn_classwise(study, train, validation, block=knows, make=MAKE)
    asked = truth[study.plan.test]
    said = learned.predict(study, asked.window, asked.customers)
    assert said.shape == asked.truth.shape
    bought = asked.truth[:, 1] > 0
    assert said[bought, 1].min() > said[~bought, 1].max()
    assert len(learned.heads) == 3
