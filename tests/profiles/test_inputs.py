"""The door for predictions."""

import numpy as np
import pytest

from limner.errors import BadShape
from limner.profiles.inputs import PredictionInput, RankedInput


def an_input(values, shape="whether", **more):
    values = np.asarray(values, float)
    names = [f"u{row}" for row in range(len(values))]
    return PredictionInput("churn", shape, 14, "probability", "m1", names, values, **more)


def test_percentiles_and_bands_by_hand():
    """Of 0.1 … 1.0 nine are below 1.0; the median is 0.55 and the ninth tenth 0.91."""
    given = an_input(np.arange(1, 11) / 10)
    last, first = given.of("u9"), given.of("u0")
    assert (last.percentile, last.band) == (90.0, "high")
    assert (first.percentile, first.band) == (0.0, "low")
    assert (last.medium_from, last.high_from) == pytest.approx((0.55, 0.91))
    assert given.of("u5").band == "medium"


def test_given_percentiles_and_edges_are_kept():
    given = an_input([0.2, 0.3], percentiles=np.array([7.0, 8.0]), band_edges=(0.1, 0.25))
    assert given.of("u1").band == "high"
    assert given.of("u1").percentile == 8.0


def test_where_all_are_alike_there_is_no_band():
    assert an_input([0.5, 0.5]).of("u0").band is None


def test_who_was_not_asked_has_no_answer():
    given = an_input([0.5, np.nan, 0.7])
    assert given.of("u1") is None
    assert given.of("nobody") is None
    assert given.of("u2").percentile == 50.0


def test_classes_come_likeliest_first():
    given = an_input([[0.1, 0.7, 0.2]], "which", classes=("a", "b", "c"), keep_classes=2)
    found = given.of("u0")
    assert [(each.name, each.probability) for each in found.classes] == [("b", 0.7), ("c", 0.2)]
    assert (found.value, found.percentile, found.band) == (0.7, None, None)
    assert an_input(np.empty((1, 0)), "which").of("u0") is None


def test_factors_keep_their_order_and_signs():
    given = an_input(
        [0.5, 0.6],
        factor_names=("orders", "gap"),
        factor_indices=np.array([[1, 0], [0, -1]]),
        factor_effects=np.array([[-0.5, 0.2], [0.1, 0.0]]),
        factor_values=np.array([[3.0, np.nan], [2.0, 0.0]]),
    )
    assert [(f.name, f.effect, f.value) for f in given.of("u0").factors] == [
        ("gap", -0.5, 3.0),
        ("orders", 0.2, None),
    ]
    assert len(given.of("u1").factors) == 1


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        ([[0.5]], {}, "values must have shape"),
        ([0.5], {"percentiles": np.array([1.0, 2.0])}, "percentiles must have shape"),
        ([0.5], {"factor_indices": np.array([[0]])}, "factor_effects must have shape"),
        (
            [0.5],
            dict.fromkeys(("factor_effects", "factor_values"), np.array([[1.0]]))
            | {"factor_indices": np.array([[0]])},
            "factor_indices must be below 0",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, more, message):
    with pytest.raises(BadShape, match=message):
        an_input(values, **more)


def test_a_customer_comes_once():
    with pytest.raises(BadShape, match="each customer must come once"):
        PredictionInput("churn", "whether", 14, "probability", "m", ["a", "a"], np.array([1.0, 0]))


def test_ranked_items_end_where_nothing_is_left():
    given = RankedInput(
        "ease", ["u"], ["x", "y"], np.array([[1, -1]]), np.array([[0.5, 0]]), np.array([[0, -1]])
    )
    assert given.of("u") == [("y", 0.5, "x")]
    assert given.of("nobody") == []


@pytest.mark.parametrize(
    ("top", "scores"),
    [([1], [1.0]), ([[1]], [[1.0, 2.0]]), ([[2]], [[1.0]]), ([[0], [1]], [[1.0]])],
)
def test_rankings_that_do_not_fit_are_refused(top, scores):
    with pytest.raises(BadShape, match="ease"):
        RankedInput("ease", ["u"], ["x", "y"], np.array(top), np.array(scores))
