"""Which categories will this customer buy from?"""

from typing import Literal

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Category"]


class Category(Question):
    """Which of the commonest categories a customer buys from within the horizon."""

    shape: Shape = "which"
    of: Literal["category", "department", "brand"] = "category"
