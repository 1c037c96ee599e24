"""Why a model foretells what it does of a customer: factors with effect, value and witnesses."""

from dataclasses import asdict, dataclass
from typing import Any

from limner.errors import UnknownPlugin
from limner.profiles.record import EventReference, Factor, Prediction, Profile
from limner.profiles.words import TRAITS, label, question_title

__all__ = ["Explanation", "Reason", "explain", "reasons_of"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One factor: by how much it moves the prediction, in the head's own unit, and to which side.

    For a probability the effect is on the scale of log odds, for an amount on that of the model.
    ``evidence`` are the events behind the trait of the same name, none where it is no trait.
    """

    name: str
    label_en: str
    label_zh: str
    effect: float
    pushes: str
    value: float | None
    evidence: tuple[EventReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A prediction, its strongest factors, and between which thresholds it lies."""

    prediction: Prediction
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values; the factors stand once, as ``reasons``."""
        told = asdict(self.prediction)
        del told["factors"]
        told["title_en"] = question_title(self.prediction, "en")
        told["title_zh"] = question_title(self.prediction, "zh")
        return told | {"reasons": [asdict(each) for each in self.reasons]}


def explain(profile: Profile, question: str) -> Explanation:
    """Return why a question is answered so for a customer.

    The factors are those that the answering method gave when it answered: Shapley values of its
    trees, the strongest few. A method that gives none leaves none.

    Raises
    ------
    UnknownPlugin
        If the question was not answered for this customer; the message names those that were.
    """
    found = profile.prediction(question)
    if found is None:
        asked = [each.question for each in profile.predictions]
        raise UnknownPlugin("the profile's predictions", question, asked)
    return Explanation(found, reasons_of(profile, found))


def reasons_of(profile: Profile, prediction: Prediction) -> tuple[Reason, ...]:
    """Return the strongest factors of a prediction, with what is known of each."""
    return tuple(_reason(profile, each) for each in prediction.factors)


def _reason(profile: Profile, factor: Factor) -> Reason:
    trait = profile.trait(factor.name)
    return Reason(
        factor.name,
        label(TRAITS, factor.name, "en"),
        label(TRAITS, factor.name, "zh"),
        factor.effect,
        "up" if factor.effect >= 0 else "down",
        factor.value,
        () if trait is None else trait.evidence,
    )
