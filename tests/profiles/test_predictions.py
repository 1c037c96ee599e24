"""What models foretell is kept as it was said, and nothing else is taken for it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limner.errors import BadShape
from limner.profiles.predictions import Described, Expected, Prediction
from limner.profiles.record import Profile

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SCORES = st.builds(
    Expected,
    st.sampled_from(["purchase", "orders", "spend", "category"]),
    st.floats(1, 365),
    NUMBERS,
    st.text(max_size=8),
    st.sampled_from(["probability", "expected", "typical"]),
    st.text(max_size=8),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is never changed
@given(scores=st.lists(SCORES, max_size=4).map(tuple), coverage=st.floats(0, 1))
def test_what_is_described_comes_back_from_json_to_the_last_bit(ann, scores, coverage):
    told = replace(ann, described=Described("m", coverage, scores))
    again = Profile.from_json(told.to_json())
    assert again.described == told.described
    assert again.to_json() == told.to_json()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_prediction_is_a_finite_number(value):
    with pytest.raises(BadShape, match="finite"):
        Prediction("churn", "whether", 14, "probability", value, "m")


def test_an_answer_says_as_of_when_it_is_where_the_profile_is_newer(ann):
    plain = ann.predictions[0]
    assert plain.as_of is None
    older = replace(plain, as_of=datetime(2024, 1, 1, tzinfo=UTC))
    again = Profile.from_json(replace(ann, predictions=(older,)).to_json())
    assert again.predictions == (older,)
    assert b'"as_of":"2024-01-01T00:00:00Z"' in again.to_json()
