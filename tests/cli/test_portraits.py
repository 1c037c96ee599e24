"""The crossing: forecasts become what profiles are drawn with."""

from datetime import UTC, datetime

import numpy as np

from limner.cli.portraits import predictions_of, ranked_of
from limner.heads.forecast import Forecast

CUT = datetime(2024, 5, 1, tzinfo=UTC)
WHO = np.array(["u1", "u2"])


def forecast(question, shape, **more):
    given = {"unit": "probability", "values": np.array([0.25, 0.75]), **more}
    return Forecast(
        question=question,
        shape=shape,
        horizon_days=30.0,
        as_of=CUT,
        model_version="m1",
        customers=WHO,
        **given,
    )


RANKED = forecast(
    "next_item",
    "what_next",
    unit="rank",
    values=np.zeros(0),
    items=np.array([["p7", "p1"], ["p1", ""]]),
    scores=np.array([[2.0, 1.0], [0.5, 0.0]]),
    sources=np.array([["ease", "popularity"], ["popularity", ""]]),
)


def test_a_probability_crosses_with_what_moved_it():
    (crossed,) = predictions_of(
        [
            forecast(
                "churn",
                "whether",
                factor_names=("recency", "orders"),
                factor_places=np.array([[1], [0]]),
                factor_effects=np.array([[-0.5], [0.25]]),
                factor_values=np.array([[3.0], [9.0]]),
            )
        ],
        currency="EUR",
    )
    prediction = crossed.of("u1")
    assert prediction.value == 0.25
    assert prediction.unit == "probability"
    assert [(each.name, each.effect, each.value) for each in prediction.factors] == [
        ("orders", -0.5, 3.0)
    ]
    assert crossed.of("u3") is None


def test_money_gets_the_currency_and_a_count_does_not():
    money, count = predictions_of(
        [
            forecast("spend", "how_much", unit="money"),
            forecast("orders", "how_many", unit="orders"),
        ],
        currency="EUR",
    )
    assert money.of("u1").unit == "EUR"
    assert count.of("u1").unit == "orders"
    (unknown,) = predictions_of([forecast("spend", "how_much", unit="money")], currency=None)
    assert unknown.of("u1").unit == "money"


def test_classes_cross_with_their_names():
    (crossed,) = predictions_of(
        [forecast("brand", "which", values=np.array([[0.1, 0.9], [0.6, 0.4]]), classes=("a", "b"))],
        currency=None,
    )
    assert crossed.of("u1").classes[0].name == "b"
    assert crossed.of("u2").classes[0].name == "a"


def test_a_ranking_is_no_prediction_but_keeps_its_order_and_its_gaps():
    assert predictions_of([RANKED], currency=None) == ()
    ranked = ranked_of([forecast("churn", "whether"), RANKED])
    assert [item for item, *_ in ranked.of("u1")] == ["p7", "p1"]
    assert [item for item, *_ in ranked.of("u2")] == ["p1"]


def test_without_a_ranking_there_is_none():
    assert ranked_of([forecast("churn", "whether")]) is None
