"""How many children live there?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Kids"]


class Kids(Question):
    """How many children live with a customer, as told in the customer attributes."""

    shape: Shape = "which"
    attribute: str | None = "kids"
