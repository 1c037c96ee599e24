"""The reference of every paired difference reads the hand-made columns and no others."""

import pytest

from limner.errors import BadConfig
from limner.heads.features import HAND_MADE, hand_made_block
from limner.heads.methods.hand_made import HandMade
from limner.heads.question import Question
from shops import COLUMNS, a_lively_shop, a_study, quicken


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=120, seed=8)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


def test_it_reads_seventeen_columns(shop):
    study = a_study(shop, Question(shape="whether", horizon_days=14), day=100)
    learned = HandMade().learn(study, *study.training())
    assert learned.block is hand_made_block
    assert learned.heads[0].columns_.tolist() == list(range(len(HAND_MADE)))
    assert list(learned.heads[0].heads_) == ["boosted"]


def test_which_learns_a_model_a_class(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=3), day=100)
    learned = HandMade().learn(study, *study.training())
    assert len(learned.heads) == len(study.classes) == 3
    said = learned.predict(study, study.plan.test, study.asked(study.plan.test))
    assert said.shape[1] == 3


def test_aggregates_that_leave_out_its_columns_are_refused(shop):
    narrow = COLUMNS.model_copy(update={"windows_days": (10, 20)})
    study = a_study(shop, Question(shape="whether", horizon_days=14), day=100, config=narrow)
    with pytest.raises(BadConfig, match="orders 30d") as refusal:
        HandMade().learn(study, *study.training())
    assert "windows_days" in refusal.value.hint
