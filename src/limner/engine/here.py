"""One piece after another, in this process."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, final

__all__ = ["Here"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@final
class Here:
    """Works in this process, one piece at a time, each when its result is asked for."""

    def map(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
        """Go through the results, in the order of the pieces; see :class:`Executor`.

        Examples
        --------
        >>> list(Here().map(abs, [-2, 1]))
        [2, 1]
        """
        return map(work, pieces)
