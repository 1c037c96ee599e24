"""Will this customer buy?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Purchase"]


class Purchase(Question):
    """The probability that a customer buys something within the horizon."""

    shape: Shape = "whether"
    horizon_days: float = 30
