"""What will this customer buy next?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["NextItem"]


class NextItem(Question):
    """Which items a customer buys within the horizon, best guess first."""

    shape: Shape = "what_next"
