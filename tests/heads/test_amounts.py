"""How many and how much, for a horizon near or far, on a small shop with a known law."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from limner.dataset.aggregates import Aggregates
from limner.dataset.cuts import plan_cuts
from limner.dataset.ledger import Ledger
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.features import hand_made_block
from limner.heads.question import Question
from limner.heads.stacked import boosted_only
from limner.heads.study import Desk, Study

START = datetime(2024, 1, 1, tzinfo=UTC)
CUT = START + timedelta(days=200)


class AShop:
    """Gamma-Poisson customers who never leave, in one bucket."""

    buckets = 1

    def __init__(self, *, kind="purchase", count=400):
        rng = np.random.default_rng(3)
        who, days = [], []
        for customer in range(count):
            day, pace = rng.uniform(0, 40), rng.gamma(1.2, 1 / 20)
            while day < 400:
                who.append(f"c{customer:03d}")
                days.append(day)
                day += rng.exponential(1 / pace)
        frame = pl.DataFrame(
            {
                "customer_id": who,
                "time": [START + timedelta(days=float(int(day))) for day in days],
                "price": rng.gamma(4.0, 10.0, len(who)),
            }
        ).with_columns(kind=pl.lit(kind))
        self.events = frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in EVENT_SCHEMA.items()
        ).sort("customer_id", "time")

    def scan(self, *, bucket=None, before=None):
        found = self.events.lazy()
        return found if before is None else found.filter(pl.col("time") < before)

    def catalogue(self):
        return pl.DataFrame(schema=CATALOGUE_SCHEMA)

    def attributes(self):
        return pl.DataFrame(schema=ATTRIBUTES_SCHEMA)


def a_study(*, horizon, kind="purchase"):
    ledger = Ledger.of(AShop(kind=kind))
    plan = plan_cuts(ledger.first, CUT, horizon_days=horizon)
    desk = Desk(ledger, Aggregates().fit(ledger, before=plan.train[-1].cut))
    question = Question(shape="how_many", event=(kind,), horizon_days=horizon, among_days=None)
    return Study(desk, "orders", question, plan, seed=0)


def learned(study):
    train, validation = study.training()
    return learn_amount(
        study, train, validation, block=hand_made_block, heads=boosted_only, lean_on_prior=True
    )


@pytest.fixture(scope="module")
def far():
    study = a_study(horizon=180.0)
    return study, learned(study)


def test_a_far_horizon_is_answered_upon_the_prior(far):
    study, answer = far
    sample = study.sample(study.plan.test)
    found = answer.predict(study, sample.window, sample.customers)
    assert answer.on_prior
    assert found[:, 0].sum() == pytest.approx(sample.truth.sum(), rel=0.2)
    assert np.corrcoef(found[:, 0], sample.truth)[0, 1] > 0.5


def test_an_answer_does_not_depend_on_who_else_is_asked(far):
    study, answer = far
    customers = study.asked(study.plan.test)
    together = answer.predict(study, study.plan.test, customers)
    alone = answer.predict(study, study.plan.test, customers[7:9])
    np.testing.assert_allclose(alone, together[7:9], rtol=1e-9)


def test_what_was_saved_answers_as_before(far, tmp_path):
    study, answer = far
    customers = study.asked(study.plan.test)
    answer.save(tmp_path)
    again = AmountAnswer.load(tmp_path, block=hand_made_block)
    np.testing.assert_allclose(
        again.predict(study, study.plan.test, customers),
        answer.predict(study, study.plan.test, customers),
    )


def test_what_is_no_purchase_is_stretched_by_the_days():
    study = a_study(horizon=180.0, kind="review")
    answer = learned(study)
    sample = study.sample(study.plan.test)
    found = answer.predict(study, sample.window, sample.customers)
    assert not answer.on_prior
    assert found[:, 0].sum() == pytest.approx(sample.truth.sum(), rel=0.2)


def test_a_near_horizon_needs_no_prior():
    study = a_study(horizon=30.0)
    answer = learned(study)
    sample = study.sample(study.plan.test)
    found = answer.predict(study, sample.window, sample.customers)
    assert not answer.on_prior
    assert found[:, 0].sum() == pytest.approx(sample.truth.sum(), rel=0.2)
