"""The answers to one question, one a customer."""

from datetime import UTC, datetime

import numpy as np
import pytest

from limner.errors import BadShape
from limner.heads.forecast import Forecast


def a_forecast(shape="whether", customers=("ann", "ben"), **more):
    return Forecast(
        question="churn",
        shape=shape,
        horizon_days=14,
        as_of=datetime(2024, 1, 1, tzinfo=UTC),
        unit="probability",
        model_version="v1",
        customers=np.array(customers, np.str_),
        **({"values": np.array([0.1, 0.9])} | more),
    )


def test_it_has_one_answer_a_customer():
    assert len(a_forecast()) == 2
    items = np.array([["milk", ""], ["soap", "milk"]])
    assert len(a_forecast("what_next", values=np.zeros(0), items=items)) == 2


@pytest.mark.parametrize(
    ("shape", "more"),
    [
        ("whether", {"values": np.zeros(3)}),
        ("which", {"values": np.zeros((1, 4))}),
        ("what_next", {"values": np.zeros(0)}),
    ],
)
def test_another_number_of_answers_is_refused(shape, more):
    with pytest.raises(BadShape, match=r"churn: .* answers for 2 customers"):
        a_forecast(shape, **more)


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        a_forecast().question = "another"
