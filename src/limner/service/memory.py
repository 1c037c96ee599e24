"""Memory of a process that runs for months: few pools, so that what one thread frees serves all."""

import ctypes
import sys
from contextlib import suppress

__all__ = ["share_memory"]

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
