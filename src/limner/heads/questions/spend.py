"""How much will this customer spend?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Spend"]


class Spend(Question):
    """What a customer spends within the horizon."""

    shape: Shape = "how_much"
