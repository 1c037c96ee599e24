"""The record."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from limner.errors import BadShape
from limner.profiles.record import Prediction, Profile, Trait

MOMENT = datetime(2024, 3, 1, tzinfo=UTC)


def test_json_and_back_is_the_same(profiles):
    for profile in profiles.values():
        assert Profile.from_json(profile.to_json()) == profile
        assert Profile.from_dict(profile.to_dict()) == profile
        assert json.loads(json.dumps(profile.to_dict())) == profile.to_dict()


def test_the_names_that_scripts_rely_on(ann):
    plain = ann.to_dict()
    assert plain["lifecycle"]["rfm_group"] == "CHAMPIONS"
    assert plain["as_of"] == "2024-03-01T00:00:00Z"
    assert {"question", "value", "percentile", "band", "factors"} <= set(plain["predictions"][0])
    nine = (
        *("historic_clv", "predicted_clv", "total_clv", "historic_number_of_orders"),
        *("predicted_number_of_orders", "average_order_value", "average_days_between_orders"),
        *("expected_date_of_next_order", "churn_probability"),
    )
    assert set(nine) < set(plain["value"])


def test_it_cannot_be_changed(ann):
    with pytest.raises(FrozenInstanceError):
        ann.customer_id = "bob"


def test_what_is_no_profile_is_refused():
    with pytest.raises(BadShape, match="not a profile: as_of"):
        Profile.from_json(b'{"customer_id": "a"}')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": ""}, "must not be empty"),
        ({"as_of": datetime(2024, 1, 1)}, "as_of of profile 'ann' must have a zone"),  # noqa: DTZ001
    ],
)
def test_a_profile_that_cannot_be_is_refused(ann, change, message):
    with pytest.raises(BadShape, match=message):
        replace(ann, **change)


def test_what_is_not_finite_is_refused():
    with pytest.raises(BadShape, match="trait 'spend' must be a finite number"):
        Trait("spend", float("nan"), "USD", MOMENT)
    with pytest.raises(BadShape, match="prediction 'churn' must be a finite number"):
        Prediction("churn", "whether", 14, "probability", float("inf"), "m")


def test_one_answer_and_one_trait_by_name(ann):
    assert ann.prediction("churn").value == 0.12
    assert ann.prediction("fraud") is None
    assert ann.trait("orders").value == 4
