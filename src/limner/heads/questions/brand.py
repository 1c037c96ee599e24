"""Which brands will this customer buy?"""

from typing import Literal

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Brand"]


class Brand(Question):
    """Which of the commonest brands a customer buys within the horizon."""

    shape: Shape = "which"
    of: Literal["category", "department", "brand"] = "brand"
