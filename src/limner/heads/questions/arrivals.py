"""Which of the new items will this customer buy?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Arrivals"]


class Arrivals(Question):
    """Which of the items that are new a customer buys within the horizon, best guess first."""

    shape: Shape = "what_next"
    new_days: float | None = 30
