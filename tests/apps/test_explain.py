"""A prediction says why: which factor, which way, and which events are behind it."""

import pytest

from limner.apps.explain import explain
from limner.errors import UnknownPlugin
from limner.profiles.record import EventReference, Factor, Prediction, Trait
from sitters import NOW, a_profile


def test_every_factor_has_its_words_its_side_and_its_witnesses():
    order = EventReference("purchase", NOW, "o1")
    churn = Prediction(
        "churn", "whether", 30, "probability", 0.7, "m1",
        factors=(Factor("recency_days", 0.4, 50.0), Factor("column_9", -0.2)),
    )  # fmt: skip
    profile = a_profile(
        churn, traits=(Trait("recency_days", 50.0, "days", NOW, evidence=(order,)),)
    )
    told = explain(profile, "churn").to_dict()
    assert told["value"] == 0.7
    assert "factors" not in told
    first, second = told["reasons"]
    assert (first["pushes"], first["value"], len(first["evidence"])) == ("up", 50.0, 1)
    assert first["label_zh"] != first["label_en"] != "recency_days"
    assert (second["pushes"], second["value"], second["evidence"]) == ("down", None, ())


def test_what_was_not_asked_is_said_with_what_was():
    asked = Prediction("churn", "whether", 30, "probability", 0.7, "m1")
    with pytest.raises(UnknownPlugin, match="did you mean 'churn'"):
        explain(a_profile(asked), "chrun")
