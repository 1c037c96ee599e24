"""BG/NBD and Gamma-Gamma, against published numbers and against themselves."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from limner.errors import BadShape, NotFitted, TooFew
from limner.heads.buy_till_you_die import BetaGeometric, GammaGamma

CDNOW = Path(__file__).parents[3] / "shared/data/cdnow/transactions.parquet"
PUBLISHED = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426)
parameters = st.floats(0.1, 5.0)


def a_history(count):
    """One history for each seed: frequency, recency, age, in weeks."""
    rng = np.random.default_rng(count)
    x = rng.integers(0, 30, 200).astype(float)
    age = rng.uniform(1, 60, 200)
    return x, np.where(x > 0, rng.uniform(0, 1, 200) * age, 0.0), age


def simulated(customers, *, weeks, seed=0):
    """Customers who behave as the model says: frequency, recency, age, and purchases after."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 39, customers)
    rate = rng.gamma(PUBLISHED.r, 1 / PUBLISHED.alpha, customers)
    leaving = rng.beta(PUBLISHED.a, PUBLISHED.b, customers)
    rows = []
    for span, pace, chance in zip(age, rate, leaving, strict=True):
        now, past, last, later = 0.0, 0, 0.0, 0
        while (now := now + rng.exponential(1 / pace)) < span + weeks:
            if now < span:
                past, last = past + 1, now
            else:
                later += 1
            if rng.random() < chance:
                break
        rows.append((past, last, span, later))
    return np.array(rows, float).T


@pytest.mark.skipif(not CDNOW.exists(), reason="needs ../shared/data/cdnow")
def test_cdnow_parameters_are_those_of_an_independent_search():
    """All 23,570 customers of CDNOW, weeks 0 to 39; the plain likelihood of Fader, Hardie & Lee 2005,
    equation 6, searched by Nelder and Mead's simplex in a script of its own."""
    log = (
        pl.read_parquet(CDNOW)
        .select("customer_id", "date")
        .filter(pl.col("date") < pl.date(1997, 10, 1))
        .unique()
        .group_by("customer_id")
        .agg(
            x=pl.len() - 1.0,
            recency=(pl.col("date").max() - pl.col("date").min()).dt.total_days() / 7,
            age=(pl.date(1997, 9, 30) - pl.col("date").min()).dt.total_days() / 7,
        )
    )
    model = BetaGeometric().fit(log["x"], log["recency"], log["age"])
    assert model.to_dict() == pytest.approx(
        {"r": 0.25162, "alpha": 4.7889, "a": 0.72343, "b": 2.1611}, rel=1e-3
    )
    assert model.log_likelihood == pytest.approx(-95368.443, abs=0.01)


def test_expectation_is_the_published_one():
    """Fader, Hardie & Lee 2005: x = 2, t_x = 30.43, T = 38.86 weeks gives 1.226 in 39 weeks."""
    assert PUBLISHED.expected(2, 30.43, 38.86, horizon=39)[0] == pytest.approx(1.226, abs=5e-4)


@settings(max_examples=25, deadline=None)
@given(parameters, st.floats(0.5, 50), parameters, parameters, st.floats(1, 200), st.integers(0, 9))
def test_expectation_agrees_with_equation_10(r, alpha, a, b, horizon, seed):
    assume(abs(a - 1) > 0.05)
    assume(abs(a + b - 1) > 0.05)
    x, recency, age = a_history(seed)
    model = BetaGeometric(r=r, alpha=alpha, a=a, b=b)
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    ratio = ((alpha + age) / (alpha + age + horizon)) ** (r + x)
    equation = (a + b + x - 1) / (a - 1) * (1 - ratio * series) * model.alive(x, recency, age)
    found = model.expected(x, recency, age, horizon=horizon)
    np.testing.assert_allclose(found, equation, rtol=2e-3, atol=1e-6)


def test_expectation_is_smooth_where_equation_10_divides_nought_by_nought():
    x, recency, age = a_history(1)
    at = [
        BetaGeometric(r=0.3, alpha=5, a=a, b=2).expected(x, recency, age, horizon=30)
        for a in (1 - 1e-6, 1.0, 1 + 1e-6)
    ]
    np.testing.assert_allclose(at[0], at[2], rtol=1e-4)
    np.testing.assert_allclose(at[1], (at[0] + at[2]) / 2, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(parameters, st.floats(0.5, 50), parameters, parameters, st.floats(1, 100), st.integers(0, 9))
def test_answers_agree_with_each_other(r, alpha, a, b, horizon, seed):
    model = BetaGeometric(r=r, alpha=alpha, a=a, b=b)
    history = a_history(seed)
    expected = model.expected(*history, horizon=horizon)
    some = model.any_purchase(*history, horizon=horizon)
    typical = model.expected_function(*history, horizon=horizon)
    assert ((some >= 0) & (some <= model.alive(*history) + 1e-12)).all()
    assert (expected >= some - 1e-9).all()
    assert (typical <= np.log1p(expected) + 1e-6).all()
    assert (typical >= some * np.log(2) - 1e-6).all()


def test_a_longer_horizon_brings_more():
    history = a_history(3)
    near, far = (PUBLISHED.expected(*history, horizon=weeks) for weeks in (10, 20))
    assert (far > near).all()
    assert (PUBLISHED.expected(*history, horizon=0) == 0).all()


def test_it_finds_the_law_that_made_the_customers():
    x, recency, age, later = simulated(4000, weeks=39)
    model = BetaGeometric().fit(x, recency, age)
    assert model.r == pytest.approx(PUBLISHED.r, rel=0.15)
    assert model.alpha == pytest.approx(PUBLISHED.alpha, rel=0.2)
    said = model.expected(x, recency, age, horizon=39)
    assert said.sum() == pytest.approx(later.sum(), rel=0.08)
    some = model.any_purchase(x, recency, age, horizon=39)
    assert some.mean() == pytest.approx((later > 0).mean(), abs=0.015)
    typical = model.expected_function(x, recency, age, horizon=39)
    assert typical.mean() == pytest.approx(np.log1p(later).mean(), abs=0.015)


def test_the_unit_of_time_does_not_matter():
    x, recency, age, _ = simulated(800, weeks=1, seed=1)
    weeks = BetaGeometric().fit(x, recency, age)
    days = BetaGeometric().fit(x, 7 * recency, 7 * age)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-3)
    assert days.log_likelihood == pytest.approx(
        weeks.log_likelihood - np.log(7) * x.sum(), rel=1e-6
    )


def test_weights_stand_for_customers():
    x, recency, age, _ = simulated(300, weeks=1, seed=2)
    twice = BetaGeometric().fit(np.tile(x, 2), np.tile(recency, 2), np.tile(age, 2))
    weighed = BetaGeometric().fit(x, recency, age, weights=np.full(300, 2.0))
    assert weighed.to_dict() == pytest.approx(twice.to_dict(), rel=1e-4)


def test_who_bought_once_is_alive_for_certain_and_still_may_buy_nothing():
    assert PUBLISHED.alive(0, 0, 100)[0] == 1
    assert PUBLISHED.any_purchase(0, 0, 100, horizon=4)[0] < 0.02


def test_thousands_of_purchases_are_no_trouble():
    found = PUBLISHED.expected([0, 5000], [0, 900], [1000, 901], horizon=50)
    assert np.isfinite(found).all()
    assert found[1] < 5000 / 900 * 50


def test_too_few_customers_are_refused():
    with pytest.raises(TooFew, match="30 customers"):
        BetaGeometric().fit([1.0], [1.0], [2.0])
    with pytest.raises(TooFew, match="second purchase"):
        BetaGeometric().fit(np.zeros(40), np.zeros(40), np.ones(40))
    with pytest.raises(TooFew, match="positive value"):
        GammaGamma().fit(np.ones(40), np.zeros(40))


def test_an_impossible_history_is_refused():
    with pytest.raises(BadShape, match="recency <= age"):
        PUBLISHED.expected(1, 5, 3, horizon=1)


def test_nothing_is_said_before_learning():
    with pytest.raises(NotFitted):
        BetaGeometric().expected(0, 0, 1, horizon=1)
    with pytest.raises(NotFitted):
        GammaGamma().expected(0, 0)


def test_gamma_gamma_finds_its_own_law():
    """p = 6.25, q = 3.74, gamma = 15.44 are those of Fader & Hardie 2013 for CDNOW."""
    rng = np.random.default_rng(0)
    count = rng.integers(1, 6, 5000)
    rate = rng.gamma(3.74, 1 / 15.44, 5000)
    mean = rng.gamma(6.25 * count, 1 / (rate * count))
    model = GammaGamma().fit(count, mean)
    assert (model.p, model.q, model.gamma) == pytest.approx((6.25, 3.74, 15.44), rel=0.15)


def test_the_expected_value_lies_between_the_own_and_the_general():
    model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    nobody, once, often = model.expected([0, 1, 50], [0, 100, 100])
    assert nobody == pytest.approx(35.22, abs=0.01)
    assert nobody < once < often < 100
