"""Several processes of this machine, each at its own piece."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar, final

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
    ahead
        How many pieces more than there are workers may be under way or done and not yet fetched.
        Few keep memory small; many keep every worker busy where pieces differ in size.

    Raises
    ------
    BadConfig
        If there would be none.
    """

    def __init__(self, workers: int, *, ahead: int = 1) -> None:
        if workers < 1:
            raise BadConfig(
                f"workers must be at least 1, got {workers}", hint="1 works in this process"
            )
        self.workers, self.ahead = workers, ahead

    def map(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
        """Go through the results, in the order of the pieces; see :class:`Executor`.

        ``work`` goes to each process once, so what it remembers from one piece helps the next.
        """
        if not pieces:
            return
        executor = ProcessPoolExecutor(
            min(self.workers, len(pieces)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(work,),
        )
        try:
            waiting: deque[Future[Result]] = deque()
            for piece in pieces:
                waiting.append(executor.submit(_do, piece))
                if len(waiting) >= self.workers + self.ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


_AT_WORK: list[Callable[[Any], Any]] = []
"""In a worker, its one work; in the parent, nothing."""


def _begin(work: Callable[[Any], Any]) -> None:
    """Take up the work, and let Ctrl-C, which reaches every process, be answered once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    _AT_WORK[:] = [work]


def _leave_with_the_parent() -> None:
    """End this worker when the parent is gone, however it went; it could be killed any moment."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(piece: Any) -> Any:  # noqa: ANN401 - whatever the work takes and gives
    return _AT_WORK[0](piece)
