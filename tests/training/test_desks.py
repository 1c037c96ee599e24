"""Questions on several desks at once: wherever the work is done, the answers are the same."""

import pickle
from datetime import timedelta

import numpy as np
import pytest

from limner.engine import Here, Pool
from limner.heads.question import Question
from limner.training.desks import Desks, dearest_first
from limner.training.evaluate import evaluate
from limner.training.fit import fit
from shops import COLUMNS, START, Shop, a_lively_shop, told

CUT = START + timedelta(days=110)
QUESTIONS = {
    "buys": Question(shape="whether", horizon_days=14),
    "spends": Question(shape="how_much", horizon_days=14),
    "club": Question(shape="which", attribute="club"),
}


@pytest.fixture(scope="module")
def shop():
    lively = a_lively_shop(customers=90, days=130, seed=12)
    clubs = [(f"c{n:04}", "club", "AB"[n % 2]) for n in range(75)]
    return Shop(lively.events, catalogue=lively.catalogue(), attributes=told(clubs), buckets=2)


def test_the_dearest_question_comes_first():
    order = sorted(QUESTIONS, key=lambda name: dearest_first(QUESTIONS[name]))
    assert order == ["spends", "buys", "club"]


def test_a_cut_has_one_desk_and_another_cut_another(shop):
    desks = Desks(shop, QUESTIONS, 0, COLUMNS, 1)
    one, other = desks.study("buys", CUT), desks.study("spends", CUT)
    assert one.desk is other.desk
    assert desks.study("buys", CUT - timedelta(days=3)).desk is not one.desk


def test_a_pool_evaluates_and_forecasts_what_one_process_does(shop, tmp_path):
    results = []
    for name, executor in (("here", Here()), ("pool", Pool(2))):
        found = evaluate(
            shop,
            QUESTIONS,
            cuts=[CUT],
            methods=["base", "hand_made"],
            resamples=20,
            aggregates=COLUMNS,
            executor=executor,
        )
        fitted = fit(
            shop,
            QUESTIONS,
            cut=CUT,
            folder=tmp_path / name,
            fingerprint="f",
            aggregates=COLUMNS,
            executor=executor,
        )
        results.append((found, fitted))
    (rows, fitted), (other_rows, other_fitted) = results
    assert rows.rows == other_rows.rows
    assert fitted.version == other_fitted.version
    assert [one.question for one in fitted.forecasts] == list(QUESTIONS)
    for one, other in zip(fitted.forecasts, other_fitted.forecasts, strict=True):
        assert one.customers.tolist() == other.customers.tolist()
        assert np.array_equal(one.values, other.values)
        assert np.array_equal(one.factor_effects, other.factor_effects)


def test_models_that_stand_by_travel_with_the_desks(shop):
    desks = Desks(shop, QUESTIONS, 0, COLUMNS, 1, behaviours={CUT: "models"}, tutors={CUT: "tutor"})
    again = pickle.loads(pickle.dumps(desks))
    desk = again.study("buys", CUT).desk
    assert (desk.behaviour, desk.tutor) == ("models", "tutor")
    other = again.study("buys", CUT - timedelta(days=3)).desk
    assert other.behaviour is other.tutor is None


def test_it_knows_when_customers_are_looked_at(shop):
    desks = Desks(shop, QUESTIONS, 0, COLUMNS, 1)
    found = desks.cuts_of(CUT)
    looked_at = {
        window.cut
        for name in QUESTIONS
        for plan in (desks.study(name, CUT).plan,)
        for window in (*plan.learnable, plan.test)
    }
    assert found == tuple(sorted(looked_at))
    assert found[-1] == CUT
    assert desks.cuts_of(START + timedelta(days=1)) == ()
