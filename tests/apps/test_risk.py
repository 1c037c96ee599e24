"""What to do about a risk: by bands, the most careful decides, and a person looks at it."""

import pytest

from limner.apps.risk import assess
from limner.errors import BadConfig, TooFew
from limner.profiles.record import Prediction
from sitters import a_profile


def asked(name, band, shape="whether"):
    return Prediction(name, shape, 30, "probability", 0.5, "m1", band=band)


@pytest.mark.parametrize(
    ("bands", "decision"),
    [
        (("low",), "allow"),
        (("medium",), "review"),
        (("high",), "decline"),
        ((None,), "review"),
        (("low", "high"), "decline"),
        (("medium", "low"), "review"),
    ],
)
def test_the_most_careful_question_decides(bands, decision):
    profile = a_profile(*(asked(f"q{at}", band) for at, band in enumerate(bands)))
    found = assess(profile, [f"q{at}" for at in range(len(bands))])
    assert found.decision == decision
    assert found.human_review is (decision != "allow")
    assert len(found.risks) == len(bands)


def test_nothing_is_decided_by_halves_or_by_what_is_no_risk():
    profile = a_profile(asked("fraud", "low"), asked("spend", "low", "how_much"))
    with pytest.raises(TooFew, match="'chargeback' was not answered"):
        assess(profile, ["fraud", "chargeback"])
    with pytest.raises(BadConfig, match="question of whether"):
        assess(profile, ["spend"])
