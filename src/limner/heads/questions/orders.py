"""How many orders will come?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Orders"]


class Orders(Question):
    """How many orders a customer places within the horizon."""

    shape: Shape = "how_many"
