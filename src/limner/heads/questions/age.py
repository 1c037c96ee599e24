"""How old is this customer?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Age"]


class Age(Question):
    """Which age group a customer belongs to, as told in the customer attributes."""

    shape: Shape = "which"
    attribute: str | None = "age"
