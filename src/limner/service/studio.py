"""Portraits drawn by a process of their own, so that whoever asks meanwhile need not wait for it.

Threads of one interpreter take turns, and drawing is long turns; a process beside it takes none.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Lock, Thread
from typing import Any, Protocol, final

from limner.profiles.live import Stale
from limner.profiles.painter import Painter
from limner.service.apart import FailedApart, be_polite, without_ctrl_c
from limner.service.quiet import place_of

__all__ = ["Desk", "Draws", "Studio", "draw_for"]

Begin = Callable[[Connection], BaseProcess]
_GRACE_S = 10.0
_BEAT_S = 2.0
"""So often it says that it lives while it draws."""
_SILENT_S = 60.0
"""Whoever said nothing for so long is taken for dead."""
_BEGINNING_S = 600.0
"""So long it may take to begin: a crowded machine loads slowly, and who loads cannot speak."""


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
    silent_s
        After so many seconds without a sign of life it is ended, and another is begun. One that
        is only beginning has longer.
    """

    def __init__(self, begin: Begin, *, silent_s: float = _SILENT_S) -> None:
        self._begin, self.silent_s = begin, silent_s
        self._spoke = False
        self._lock, self._leaving = Lock(), Event()
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def desk(self, tenant: str) -> "Desk":
        """Return who draws a tenant's customers; the service's own tenant is ``""``."""
        return Desk(self, tenant)

    def ask(self, tenant: str, what: str, *rest: object) -> tuple[Any, bool]:
        """Return what it answers, and whether it lacks a behaviour model that lies there.

        Raises
        ------
        FailedApart
            If it could not, or ended meanwhile; the next question begins another.
        """
        with self._lock:
            line = self._open()
            try:
                line.send((tenant, what, rest))
                done, answer, lacks = self._hear(line)
            except (EOFError, OSError, TimeoutError) as error:
                self._drop(at_once=True)
                raise FailedApart(f"the process that draws ended: {place_of(error)}") from error
        if not done:
            raise FailedApart(answer)
        return answer, lacks

    def leave(self) -> None:
        """Wait for what is being drawn for some seconds more at most: the service is ending."""
        self._leaving.set()

    def _hear(self, line: Connection) -> tuple[bool, Any, bool]:
        """Return what it answers; raises TimeoutError if it is silent for too long."""
        heard, left = time.monotonic(), None
        while True:
            if line.poll(0.2):
                told: tuple[bool, Any, bool] | None = line.recv()
                self._spoke = True
                if told is not None:
                    return told
                heard = time.monotonic()
            now = time.monotonic()
            if left is None and self._leaving.is_set():
                left = now
            patience = self.silent_s if self._spoke else max(self.silent_s, _BEGINNING_S)
            if now - heard > patience or (left is not None and now - left > _GRACE_S):
                raise TimeoutError

    def close(self) -> None:
        """Let the process end; closing twice is fine."""
        self.leave()
        with self._lock:
            self._leaving.clear()
            self._drop()

    def _open(self) -> Connection:
        if self._line is None:
            here, there = multiprocessing.Pipe()
            with without_ctrl_c():
                self._process, self._line = self._begin(there), here
            there.close()
            self._spoke = False
        return self._line

    def _drop(self, *, at_once: bool = False) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.join(0.0 if at_once else _GRACE_S)
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

    def leave(self) -> None:
        """Wait no longer than some seconds: the service is ending."""
        self.studio.leave()

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
    be_polite()
    with suppress(EOFError, OSError):
        line.send(None)  # it has begun
        while True:
            tenant, what, rest = line.recv()
            painter = painters[tenant]
            with _alive(line):
                try:
                    answer = (True, _answer(painter, what, rest))
                except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked is told
                    answer = (False, place_of(error))
            lacks = getattr(painter.describes, "trouble", None) is not None
            line.send((*answer, lacks))


@contextmanager
def _alive(line: Connection) -> Iterator[None]:
    """Say again and again that this process lives, until what it does is done."""
    done = Event()

    def beat() -> None:
        while not done.wait(_BEAT_S):
            with suppress(OSError):
                line.send(None)

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


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
