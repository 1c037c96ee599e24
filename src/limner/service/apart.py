"""What processes that work beside a service have in common: how they begin, and how they fail."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker

__all__ = ["FailedApart", "be_polite", "without_ctrl_c"]

_POLITE = 5
"""So much nicer than the service they are where there are too few processors for both."""


class FailedApart(RuntimeError):
    """A process beside the service could not do what it was asked, or ended.

    Attributes
    ----------
    place
        What went wrong where, without a word of a customer's.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Let whoever is begun meanwhile not hear Ctrl-C, not even while it is being begun.

    In a terminal it is meant for the service, which waits for what is under way. A mask is
    inherited.
    """
    # The first process that Python begins has another begun before it, which lets the mask go.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def be_polite() -> None:
    """Let the service go first where there are too few processors."""
    with suppress(OSError):
        os.nice(_POLITE)
