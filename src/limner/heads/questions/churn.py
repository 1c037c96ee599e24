"""Will this customer stay away?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Churn"]


class Churn(Question):
    """The probability that a customer buys nothing within the horizon."""

    shape: Shape = "whether"
    horizon_days: float = 14
    nothing: bool = True
