"""Memory of a process that runs for months: few pools, and what a rare task took is given back."""

import ctypes
import sys
from contextlib import suppress

__all__ = ["give_back", "share_memory"]

_ARENA_MAX = -8
"""What glibc's ``mallopt`` calls the number of its pools."""
_POOLS = 2


def share_memory() -> None:
    """Let all threads take memory from few pools, where the C library is glibc.

    It gives threads up to eight pools a processor, and what one thread let go of is of no use to
    others; a service of dozens of threads that seldom need it would grow for hours until each
    pool has seen its largest request. Elsewhere nothing is changed.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, _POOLS)


def give_back() -> None:
    """Give memory that nobody uses back to the system, where the C library is glibc.

    Whoever read the whole log for a moment leaves pools many times as large behind; small things
    settle all over them, and each time the pools end a little larger. Takes milliseconds.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
