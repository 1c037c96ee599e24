import pickle
from datetime import UTC, datetime

import numpy as np
import pytest

from limner.errors import BadShape
from limner.heads.answers import Answers, Rankings

CUT = datetime(2017, 12, 1, tzinfo=UTC)


def some_answers(**changed):
    given = {
        "question": "churn",
        "shape": "whether",
        "horizon_days": 14,
        "cut": CUT,
        "customers": np.array(["a", "b", "c"]),
        "truth": np.array([0.0, 1.0, 0.0]),
        "predictions": {"base": np.full(3, 1 / 3)},
    }
    return Answers(**{**given, **changed})


def some_rankings(**changed):
    given = {
        "question": "next_item",
        "shape": "what_next",
        "horizon_days": 14,
        "cut": CUT,
        "customers": np.array(["a", "b"]),
        "truth_at": np.array([0, 2, 2]),
        "truth": np.array([3, 1]),
        "seen_at": np.array([0, 1, 3]),
        "seen": np.array([3, 0, 5]),
        "top": {"popularity": np.tile(np.arange(10), (2, 1))},
        "items": 12,
    }
    return Rankings(**{**given, **changed})


def test_answers_name_their_methods_and_count_their_customers():
    answers = some_answers()
    assert answers.methods == ("base",)
    assert len(answers) == 3


def test_numbers_become_float64():
    answers = some_answers(truth=np.array([False, True, False]))
    assert answers.truth.dtype == np.float64


def test_predictions_cannot_be_changed_afterwards():
    with pytest.raises(TypeError):
        some_answers().predictions["other"] = np.zeros(3)


def test_seconds_and_weights_travel_and_cannot_be_changed_afterwards():
    told = some_answers(seconds={"base": 0.5}, trained={"base": 3})
    again = pickle.loads(pickle.dumps(told))
    assert again.seconds == {"base": 0.5}
    assert again.trained == told.take(slice(0, 1)).trained == {"base": 3}
    with pytest.raises(TypeError):
        told.trained["base"] = 4


def test_an_amount_has_two_predictions():
    both = np.array([[1.0, 0.5]] * 3)
    answers = some_answers(shape="how_much", truth=np.array([0, 2.5, 1]), predictions={"m": both})
    assert answers.predictions["m"].shape == (3, 2)


def test_which_has_a_column_a_class():
    truth = np.eye(3)[:, :2]
    answers = some_answers(
        shape="which", classes=("x", "y"), truth=truth, predictions={"m": truth * 0.5}
    )
    assert answers.truth.shape == (3, 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": "what_next"}, "shape must be whether or how_many or how_much or which"),
        ({"truth": np.array([0.0, 0.5, 1.0])}, "truth must be 0 or 1"),
        ({"truth": np.zeros(4)}, r"must have shape \(3,\), got \(4,\)"),
        ({"predictions": {"m": np.array([0, 1.2, 0])}}, "'m' are probabilities .* got 1.2"),
        ({"predictions": {"m": np.array([0, -0.1, 0])}}, "must not be negative, got -0.1"),
        ({"predictions": {"m": np.array([0, np.nan, 0])}}, "finite, got nan for customer number 1"),
        ({"predictions": {"m": np.zeros((3, 2))}}, r"must have shape \(3,\)"),
        ({"customers": np.array(["a", "a", "b"])}, "distinct"),
        ({"customers": np.array([["a"], ["b"], ["c"]])}, r"must be \(N,\)"),
        ({"classes": ("x",)}, "classes go with the shape 'which'"),
        ({"shape": "how_many", "predictions": {"m": np.zeros(3)}}, r"must have shape \(3, 2\)"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(BadShape, match=message):
        some_answers(**changed)


def test_rankings_name_their_methods_and_count_their_customers():
    rankings = some_rankings()
    assert rankings.methods == ("popularity",)
    assert len(rankings) == 2


def test_a_ranking_may_run_out_of_items():
    row = [3, 1, *[-1] * 8]
    assert some_rankings(top={"m": np.array([row, row])}).top["m"][0, 2] == -1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": "which"}, "shape must be what_next"),
        ({"truth_at": np.array([0, 2])}, "slice bounds of shape"),
        ({"truth_at": np.array([0, 3, 2])}, "must rise from 0 to 2"),
        ({"truth": np.array([3, 12])}, "between 0 and 11"),
        ({"truth": np.array([3, 3])}, "truth must hold an item once"),
        ({"seen": np.array([0.5, 0, 5])}, "whole numbers"),
        ({"top": {"m": np.zeros((2, 9), np.int64)}}, "K at least 10"),
        ({"top": {"m": np.zeros((2, 10), np.int64)}}, "show an item once"),
        ({"top": {"m": np.tile(np.arange(-2, 8), (2, 1))}}, "between -1 and 11"),
    ],
)
def test_rankings_that_cannot_be_are_refused(changed, message):
    with pytest.raises(BadShape, match=message):
        some_rankings(**changed)


def test_some_of_the_customers_are_taken_whole():
    answers = some_answers(orders=np.array([0, 4, 9]))
    some = answers.take(np.array([True, False, True]))
    assert some.customers.tolist() == ["a", "c"]
    assert some.orders.tolist() == [0, 9]
    assert some.truth.tolist() == [0, 0]
    assert some.predictions["base"].shape == (2,)
    assert answers.take(np.zeros(3, bool)).methods == ("base",)
    assert some_answers().take([1]).orders is None


@pytest.mark.parametrize("rows", [np.array([False, True]), np.array([1])])
def test_some_of_the_rankings_keep_what_was_taken_and_seen(rows):
    some = some_rankings(orders=np.array([1, 2]), new=np.zeros(12, bool)).take(rows)
    assert some.customers.tolist() == ["b"]
    assert (some.truth_at.tolist(), some.truth.tolist()) == ([0, 0], [])
    assert (some.seen_at.tolist(), some.seen.tolist()) == ([0, 2], [0, 5])
    assert some.orders.tolist() == [2]
    assert len(some.new) == 12
    assert some.top["popularity"].shape == (1, 10)


def test_rankings_are_held_against_some_of_the_items():
    rankings = some_rankings()
    some = rankings.sought_among(np.arange(12) == 1)
    assert (some.truth_at.tolist(), some.truth.tolist()) == ([0, 1, 1], [1])
    assert some.seen.tolist() == rankings.seen.tolist()


@pytest.mark.parametrize(
    "wrong", [{"orders": np.zeros(3)}, {"orders": np.zeros((2, 1))}, {"new": np.zeros(2, bool)}]
)
def test_orders_are_one_a_customer_and_new_one_an_item(wrong):
    with pytest.raises(BadShape, match="must have shape"):
        some_rankings(**wrong)
    if "orders" in wrong:
        with pytest.raises(BadShape, match="orders must have shape"):
            some_answers(orders=np.zeros(2))
