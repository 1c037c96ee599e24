"""Models are learned for the cuts of an evaluation, as far as its methods ask them."""

from datetime import timedelta

import pytest

from limner.heads.question import Question
from limner.training.desks import Desks
from limner.training.standby import Standby
from limner.training.tutor import FoldsTutor
from shops import COLUMNS, START, a_lively_shop
from standing import TUNED, a_plan

CUT = START + timedelta(days=110)
QUESTIONS = {
    "buys": Question(shape="whether", horizon_days=14),
    "spends": Question(shape="how_much", horizon_days=14),
}


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=130, seed=12)


def stood_by(shop, folder, *, cuts=(CUT,), methods=("fused",), progress=None):
    desks = Desks(shop, QUESTIONS, 0, COLUMNS, 2)
    standby = Standby(a_plan(folder, steps=2), TUNED)
    standby.prepare(desks, cuts, methods, progress=progress)
    return desks


def test_readings_lie_ready_for_every_moment_that_is_looked_at(shop, tmp_path):
    desks = stood_by(shop, tmp_path)
    folds = desks.behaviours[CUT]
    assert folds is desks.study("buys", CUT).desk.behaviour
    assert desks.study("buys", CUT).desk.tutor == FoldsTutor(folds, TUNED)
    study = desks.study("buys", CUT)
    moments = [window.cut for window in (*study.plan.learnable, study.plan.test)]
    assert set(moments) <= set(desks.cuts_of(CUT))
    kept = {each.name[:8] for each in (folds.folder / "0" / "readings").iterdir()}
    assert kept == {f"{cut:%Y%m%d}" for cut in desks.cuts_of(CUT)}
    assert not (folds.folder / "whole").exists()


def test_a_model_of_all_customers_is_learned_where_one_is_tuned(shop, tmp_path):
    desks = stood_by(shop, tmp_path, methods=("base", "top"))
    assert (desks.behaviours[CUT].folder / "whole" / "model.safetensors").is_file()


def test_each_cut_has_its_own_and_one_too_early_has_none(shop, tmp_path):
    cuts = [START + timedelta(days=2), CUT - timedelta(days=20), CUT]
    told = []
    desks = stood_by(
        shop, tmp_path, cuts=cuts, progress=lambda what, share: told.append((what, share))
    )
    assert list(desks.behaviours) == list(desks.tutors) == cuts[1:]
    assert len({folds.folder for folds in desks.behaviours.values()}) == 2
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {what for what, _ in told} == {
        "pretraining as of 2024-03-31",
        "pretraining as of 2024-04-20",
    }
