"""What does this customer earn?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Income"]


class Income(Question):
    """Which income group a customer belongs to, as told in the customer attributes."""

    shape: Shape = "which"
    attribute: str | None = "income"
