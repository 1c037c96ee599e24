"""Memory of a process that runs for months: one pool, and what nobody uses is given back."""

import ctypes
import gc
import os
import sys
import threading
import time
from contextlib import suppress
from functools import cache

__all__ = ["settle_memory", "tend_memory"]

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""What glibc's ``mallopt`` calls the size of a large block, and the number of its pools."""
_LARGE = 128 * 1024
_POLARS = "_RJEM_MALLOC_CONF"
"""What the allocator that Polars brings is told by; Polars reads it once, when it is loaded."""
_ENGINE = "POLARS_ENGINE_AFFINITY"
"""What says by which of its engines Polars answers where nobody asks for one."""
_GIVE_BACK_S = 30.0


@cache
def tend_memory(every_s: float = _GIVE_BACK_S) -> None:
    """Let all threads take memory from one pool and give back what is free, for ever.

    Called first of all, before anything is loaded that begins threads: a pool that is there stays,
    and new threads are given to all of them in turn. But for the engine of Polars nothing is
    changed except on Linux, and of the C libraries only glibc is told. It gives threads up to eight
    pools a processor, and the allocator of Polars four; what one thread let go of is of no use to
    others, and a service of dozens of threads that seldom need it would grow for hours until each
    pool has seen its largest request. And a pool gives back by itself only what is free at its end:
    whoever reads the whole log for a moment (an erasure, comparing everybody anew) leaves pools
    that small things settle all over, and each time they end a little larger. Looking through them
    takes milliseconds. Large blocks have pages of their own, which go back at once: left to itself,
    glibc takes ever larger ones from pools.

    Polars' streaming engine, which it takes by itself, keeps a word of each question for ever (2.1:
    some forty bytes), and a service asks sixty a second; the other forgets them, and answers such
    small ones in a third of the time.
    """
    os.environ.setdefault(_ENGINE, "in-memory")
    if sys.platform == "linux":
        told = f"narenas:{os.cpu_count() or 1},{os.environ.get(_POLARS, '')}"  # what is last holds
        os.environ[_POLARS] = told.rstrip(",")
        with suppress(AttributeError, OSError):
            libc = ctypes.CDLL(None)
            libc.mallopt(_ARENA_MAX, 1)
            libc.mallopt(_MMAP_THRESHOLD, _LARGE)
            libc.malloc_trim(0)
            giving = threading.Thread(
                target=_give_back, args=(libc, every_s), name="limner-memory", daemon=True
            )
            giving.start()


def settle_memory() -> None:
    """Let Python's collector of garbage pass over all that is loaded by now and stays for good.

    It looks through everything only once what came since is a quarter of what is there. A service
    has hundreds of thousands of objects that stay, so garbage would pile up for hours before it is
    looked for, and looking through them all would make every answer wait.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # which counts what is there: nothing now


def _give_back(libc: ctypes.CDLL, every_s: float) -> None:
    while True:
        time.sleep(every_s)
        libc.malloc_trim(0)
