"""What to do about a risk: from the answers of the shop's own questions, never from a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from limner.apps.explain import Reason, reasons_of
from limner.errors import BadConfig, TooFew
from limner.profiles.record import Band, Prediction, Profile

__all__ = ["Assessment", "Decision", "Risk", "assess"]

Decision = Literal["allow", "review", "decline"]
_BY_BAND: dict[Band | None, Decision] = {
    "low": "allow",
    "medium": "review",
    "high": "decline",
    None: "review",
}
_ORDER: tuple[Decision, ...] = ("allow", "review", "decline")


@dataclass(frozen=True, slots=True)
class Risk:
    """One question's answer, what follows from its band, and why the answer is so."""

    prediction: Prediction
    decision: Decision
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What to do: the most careful of what each question says.

    ``human_review`` is true of all but ``allow``: nobody is turned away by a machine alone.
    """

    decision: Decision
    human_review: bool
    risks: tuple[Risk, ...]


def assess(profile: Profile, questions: Sequence[str]) -> Assessment:
    """Return what to do about a customer.

    A low band allows, a high one declines; a medium one, and an answer without a band, ask for a
    person.

    Parameters
    ----------
    profile
        Whom.
    questions
        Which of the shop's questions tell of risks: those of which a high probability is bad.

    Raises
    ------
    TooFew
        If one of them was not answered for this customer: nothing is decided by halves.
    BadConfig
        If one of them is not a question of *whether*.
    """
    risks = []
    for question in questions:
        found = profile.prediction(question)
        if found is None:
            raise TooFew(
                f"the question {question!r} was not answered for {profile.customer_id!r}",
                hint="limner fit answers it for everybody who is in the log",
            )
        if found.shape != "whether":
            raise BadConfig(
                f"a risk must be a question of whether, and {question!r} is one of {found.shape}",
                hint="name others in [serve] risk_questions",
            )
        risks.append(Risk(found, _BY_BAND[found.band], reasons_of(profile, found)))
    asked: list[Decision] = [each.decision for each in risks] or ["review"]
    decision = max(asked, key=_ORDER.index)
    return Assessment(decision, decision != "allow", tuple(risks))
