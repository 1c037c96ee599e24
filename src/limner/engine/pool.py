"""Several processes of this machine, each at its own piece."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar, final

from limner.errors import BadConfig

__all__ = ["Pool"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@final
class Pool:
    """Works in ``workers`` processes at once.

    The processes are spawned, not forked: a fork copies Polars' locks without the threads that
    would open them. A script that uses a pool therefore needs ``if __name__ == "__main__":``.

    Parameters
    ----------
    workers
        How many processes, at least 1.

    Raises
    ------
    BadConfig
        If there would be none.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise BadConfig(
                f"workers must be at least 1, got {workers}", hint="1 works in this process"
            )
        self.workers = workers

    def map(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
        """Go through the results, in the order of the pieces; see :class:`Executor`.

        At most one piece more than there are workers is under way or waits to be fetched.
        """
        if not pieces:
            return
        executor = ProcessPoolExecutor(
            min(self.workers, len(pieces)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_leave_stopping_to_the_parent,
        )
        try:
            waiting: deque[Future[Result]] = deque()
            for piece in pieces:
                waiting.append(executor.submit(work, piece))
                if len(waiting) > self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _leave_stopping_to_the_parent() -> None:
    """Let Ctrl-C, which reaches every process of a terminal, be answered once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
