"""The port to whatever runs the same function over every bucket of customers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["Executor"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Executor(Protocol):
    """Runs a pure function over pieces of work; every executor gives the same answers."""

    def map(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
        """Go through the results, in the order of the pieces.

        Parameters
        ----------
        work
            A pure function of one piece. For work in other processes it, the pieces and the
            results must be picklable: a function of a module, or a ``functools.partial`` of one.
        pieces
            Usually one a bucket. Only a few are worked on, or wait, at any time, so memory is
            bounded by so many results and not by all.

        Raises
        ------
        Whatever ``work`` raises, at the first piece in order that failed; pieces not yet begun
        are dropped then, and also when the iterator is closed early.
        """
        ...
