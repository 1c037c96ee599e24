"""Portraits drawn by a process of their own, so that whoever asks meanwhile need not wait for it.

Threads of one interpreter take turns, and drawing is long turns; a process beside it takes none.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any, Protocol, final

from limner.profiles.live import Stale
from limner.profiles.painter import Painter
from limner.service.quiet import place_of

__all__ = ["Desk", "DrawingFailed", "Draws", "Studio", "draw_for"]

Begin = Callable[[Connection], BaseProcess]
_POLITE = 5
"""So much nicer than the service it is where there are too few processors for both."""
_GRACE_S = 10.0


class DrawingFailed(RuntimeError):
    """The process that draws could not, or ended; it says where, and nothing of whom."""


class Draws(Protocol):
    """Whoever draws portraits, as :class:`~limner.profiles.painter.Painter` does."""

    def size(self) -> int:
        """Return about how many events are known."""
        ...

    def seed(self) -> int:
        """Count the log into the store, if it is another than was counted."""
        ...

    def refresh(self, now: datetime) -> object:
        """Compare with the shop as a whole anew."""
        ...

    def renew_model(self) -> bool:
        """Have every portrait drawn anew where the behaviour model is another."""
        ...

    def renew(self, stale: Sequence[Stale], *, now: datetime) -> int:
        """Draw some customers and write their portraits; return how many."""
        ...


@final
class Studio:
    """The process that draws for the service, and for every tenant. Begun when it is first asked.

    Parameters
    ----------
    begin
        Begins a process that runs :func:`draw_for` at the other end of a connection.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._lock = Lock()
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def desk(self, tenant: str) -> "Desk":
        """Return who draws a tenant's customers; the service's own tenant is ``""``."""
        return Desk(self, tenant)

    def ask(self, tenant: str, what: str, *rest: object) -> tuple[Any, bool]:
        """Return what it answers, and whether it lacks a behaviour model that lies there.

        Raises
        ------
        DrawingFailed
            If it could not, or ended meanwhile; the next question begins another.
        """
        with self._lock:
            line = self._open()
            try:
                line.send((tenant, what, rest))
                done, answer, lacks = line.recv()
            except (EOFError, OSError) as error:
                self._drop()
                raise DrawingFailed("the process that draws ended") from error
        if not done:
            raise DrawingFailed(answer)
        return answer, lacks

    def close(self) -> None:
        """Let the process end; closing twice is fine."""
        with self._lock:
            self._drop()

    def _open(self) -> Connection:
        if self._line is None:
            here, there = multiprocessing.Pipe()
            self._process, self._line = self._begin(there), here
            there.close()
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.join(_GRACE_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._line = self._process = None


@final
class Desk:
    """Draws one tenant's customers, as a :class:`Painter` would, in the process of a studio.

    Attributes
    ----------
    lacks
        Whether there was a behaviour model that could not be read, when it last drew.
    """

    def __init__(self, studio: Studio, tenant: str) -> None:
        self.studio, self.tenant, self.lacks = studio, tenant, False

    def size(self) -> int:
        """Return about how many events are known."""
        return int(self._ask("size"))

    def seed(self) -> int:
        """Count the log into the store, if it is another than was counted."""
        return int(self._ask("seed"))

    def refresh(self, now: datetime) -> None:
        """Compare with the shop as a whole anew."""
        self._ask("refresh", now)

    def renew_model(self) -> bool:
        """Have every portrait drawn anew where the behaviour model is another."""
        return bool(self._ask("renew_model"))

    def renew(self, stale: Sequence[Stale], *, now: datetime) -> int:
        """Draw some customers and write their portraits; return how many."""
        return int(self._ask("renew", list(stale), now))

    def _ask(self, what: str, *rest: object) -> Any:  # noqa: ANN401 - as the question is
        answer, self.lacks = self.studio.ask(self.tenant, what, *rest)
        return answer


def draw_for(line: Connection, painters: Mapping[str, Painter]) -> None:
    """Draw what a studio asks for, until nobody is at the other end. The whole of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began it is told, and hangs up
    with suppress(OSError):
        os.nice(_POLITE)
    while True:
        try:
            tenant, what, rest = line.recv()
        except (EOFError, OSError):
            return
        painter = painters[tenant]
        try:
            answer = (True, _answer(painter, what, rest))
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked is told
            answer = (False, place_of(error))
        lacks = getattr(painter.describes, "trouble", None) is not None
        try:
            line.send((*answer, lacks))
        except OSError:
            return


def _answer(painter: Painter, what: str, rest: Sequence[Any]) -> object:
    if what == "renew":
        stale, now = rest
        return painter.renew(stale, now=now)
    if what == "refresh":
        painter.refresh(*rest)
        return None
    plain: dict[str, Callable[[], object]] = {
        "size": painter.size,
        "seed": painter.seed,
        "renew_model": painter.renew_model,
    }
    return plain[what]()
