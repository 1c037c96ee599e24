"""How many threads torch may use for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["on_one_thread"]


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let torch compute on one thread within.

    The same numbers come out wherever it is done; and where steps are small, waking the other
    threads takes longer than what they would help.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
