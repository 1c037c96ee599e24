"""The buy-till-you-die yardstick, on a small shop with a known law."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from limner.dataset.aggregates import Aggregates
from limner.dataset.cuts import Window, plan_cuts
from limner.dataset.ledger import Ledger
from limner.errors import BadConfig, TooFew
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.heads.methods.bgnbd import BgNbd
from limner.heads.outlook import Levelling, expect, volume_factor
from limner.heads.question import Question
from limner.heads.study import Desk, Study

START = datetime(2024, 1, 1, tzinfo=UTC)
CUT = START + timedelta(days=200)


class AShop:
    """One bucket of events in memory."""

    buckets = 1

    def __init__(self, customers, days, *, kind="purchase"):
        count = len(days)
        rng = np.random.default_rng(5)
        columns = {
            "customer_id": [f"c{customer:04d}" for customer in customers],
            "time": [START + timedelta(days=float(day)) for day in days],
            "kind": [kind] * count,
            "price": np.round(rng.gamma(4.0, 10.0, count), 2),
            "quantity": np.ones(count),
        }
        frame = pl.DataFrame(columns)
        self.events = frame.select(
            (pl.col(name) if name in columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in EVENT_SCHEMA.items()
        ).sort("customer_id", "time")

    def scan(self, *, bucket=None, before=None):
        found = self.events.lazy()
        return found if before is None else found.filter(pl.col("time") < before)

    def catalogue(self):
        return pl.DataFrame(schema=CATALOGUE_SCHEMA)

    def attributes(self):
        return pl.DataFrame(schema=ATTRIBUTES_SCHEMA)


def streams(count=700, *, until=400.0):
    """Gamma-Poisson customers who may leave after each purchase: who, and on which day."""
    rng = np.random.default_rng(3)
    customers, days = [], []
    for customer in range(count):
        day, pace, leaving = rng.uniform(0, 60), rng.gamma(0.8, 1 / 25), rng.beta(0.8, 3)
        while day < until:
            customers.append(customer)
            days.append(np.floor(day))
            if rng.random() < leaving:
                break
            day += rng.exponential(1 / pace)
    return customers, days


@pytest.fixture(scope="module")
def shop():
    return AShop(*streams())


def a_study(shop, *, horizon=60.0, **settings):
    ledger = Ledger.of(shop)
    plan = plan_cuts(ledger.first, CUT, horizon_days=horizon)
    desk = Desk(ledger, Aggregates().fit(ledger, before=plan.train[-1].cut))
    question = Question(**{"among_days": None, "horizon_days": horizon, **settings})
    return Study(desk, "asked", question, plan, seed=0)


def answers(study):
    sample = study.sample(study.plan.test)
    learned = BgNbd().learn(study, *study.training())
    return sample.truth, learned.predict(study, sample.window, sample.customers)


@pytest.mark.parametrize("shape", ["how_many", "how_much"])
def test_the_expected_volume_is_right(shop, shape):
    truth, found = answers(a_study(shop, shape=shape))
    assert found.shape == (len(truth), 2)
    assert found[:, 0].sum() == pytest.approx(truth.sum(), rel=0.15)
    assert np.log1p(found[:, 1]).mean() == pytest.approx(np.log1p(truth).mean(), rel=0.15)


def test_whether_is_a_purchase_and_its_contrary_the_rest(shop):
    truth, bought = answers(a_study(shop, shape="whether"))
    nothing, stayed = answers(a_study(shop, shape="whether", nothing=True))
    np.testing.assert_allclose(bought + stayed, 1.0)
    np.testing.assert_array_equal(truth + nothing, 1.0)
    assert bought.mean() == pytest.approx(truth.mean(), abs=0.03)


def test_a_planted_future_moves_nothing(shop):
    customers, days = streams()
    planted = AShop([*customers, *customers], [*days, *[day + 200 for day in days]])
    planted.events = pl.concat(
        [
            shop.events,
            planted.events.filter(pl.col("time") >= CUT),
        ]
    ).sort("customer_id", "time")
    before = Ledger.of(shop, before=CUT)
    window = Window(CUT, 60.0)
    found = []
    for source in (shop, planted):
        study = a_study(source, shape="how_many")
        asked = np.flatnonzero(np.isin(study.ledger.customers, before.customers))[:200]
        found.append(expect(study, window, asked))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_who_never_bought_is_given_what_such_customers_did(shop):
    customers, days = streams()
    looked = AShop([*range(5000, 5100)], [150.0] * 100, kind="view")
    shop = AShop(customers, days)
    shop.events = pl.concat([shop.events, looked.events]).sort("customer_id", "time")
    study = a_study(shop, shape="how_many")
    looked_only = np.flatnonzero(np.char.startswith(study.ledger.customers, "c50"))
    found = expect(study, study.plan.test, looked_only)
    assert np.isfinite(found).all()
    assert (found < 0.05).all()


@pytest.mark.parametrize("event", [("view",), (), ("purchase", "view")])
def test_other_events_than_purchases_are_declined(shop, event):
    study = a_study(shop, shape="how_many", event=event)
    with pytest.raises(BadConfig, match="purchases alone"):
        answers(study)


def test_too_few_customers_are_declined():
    study = a_study(AShop([1, 1, 2, 2], [0, 90, 10, 220]), shape="how_many")
    with pytest.raises(TooFew):
        answers(study)


def test_a_far_horizon_has_a_factor_of_volume(shop):
    study = a_study(shop, horizon=190.0, shape="how_many")
    assert study.plan.shortened
    assert 0.8 < volume_factor(study, study.plan.test) < 1.3


def test_a_level_rate_is_found_and_carried_on():
    rng = np.random.default_rng(0)
    ages = np.full(2000, 200.0)
    chance = 0.01 + 0.05 * np.exp(-np.arange(1, 201) / 20)
    repeats = np.nonzero(rng.random((2000, 200)) < chance)[1] + 1.0
    law = Levelling.fit(repeats, ages)
    assert (law.floor, law.extra, law.life_days) == pytest.approx((0.01, 0.05, 20), rel=0.15)
    assert law.expected(ages, horizon=100) == pytest.approx(2000 * 0.01 * 100, rel=0.05)
