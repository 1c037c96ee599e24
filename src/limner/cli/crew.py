"""Several processes that serve one workspace: begun, watched over, begun again, and stopped."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from limner.cli.console import narrate
from limner.errors import BadConfig
from limner.service.memory import settle_memory, tend_memory

__all__ = ["serve_together"]

_GRACE_S = 30.0
"""So long the processes may take to end once they are asked to."""
_SOON_S = 5.0
_PATIENCE = 5
"""Whoever dies so often, each time at once, is not begun again."""


def serve_together(
    folder: Path, store: str | None, door: socket.socket, *, workers: int, clock: str | None
) -> None:
    """Serve a workspace by several processes, until asked to stop; one that dies is begun again.

    Parameters
    ----------
    folder, store, clock
        As ``limner serve`` takes them.
    door
        Where all of them listen.
    workers
        How many.

    Raises
    ------
    BadConfig
        If a process dies again and again as soon as it is begun.
    """
    context = multiprocessing.get_context("spawn")
    stop = threading.Event()
    before = {
        each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)
    }
    with TemporaryDirectory(prefix="limner-figures-") as figures:

        def begin(number: int) -> BaseProcess:
            told = {
                "place": (number, workers, Path(figures)),
                "folder": folder,
                "store": store,
                "clock": clock,
                "door": door,
            }
            one = context.Process(target=_serve_one, kwargs=told, name=f"limner-{number}")
            one.start()
            return one

        try:
            _watch(begin, workers, stop)
        finally:
            for each, old in before.items():
                signal.signal(each, old)


def _watch(begin: Callable[[int], BaseProcess], workers: int, stop: threading.Event) -> None:
    crew = {number: begin(number) for number in range(workers)}
    begun = dict.fromkeys(crew, time.monotonic())
    early = dict.fromkeys(crew, 0)
    try:
        while not stop.is_set():
            wait([each.sentinel for each in crew.values()], timeout=0.2)
            for number, each in crew.items():
                if each.is_alive() or stop.is_set():
                    continue
                soon = time.monotonic() - begun[number] < _SOON_S
                early[number] = early[number] + 1 if soon else 0
                if early[number] >= _PATIENCE:
                    raise BadConfig(
                        f"worker {number} must go on serving, but it ended {_PATIENCE} times"
                        f" as soon as it was begun (exit code {each.exitcode})",
                        hint="see what it says: limner serve --workers 1",
                    )
                narrate(f"worker {number} ended with {each.exitcode}; it is begun again")
                stop.wait(0.2 * early[number])
                if stop.is_set():
                    break
                crew[number], begun[number] = begin(number), time.monotonic()
    finally:
        for each in crew.values():
            each.terminate()
        end = time.monotonic() + _GRACE_S
        for each in crew.values():
            each.join(max(0.0, end - time.monotonic()))
            if each.is_alive():
                each.kill()
                each.join()


def _serve_one(
    *,
    place: tuple[int, int, Path],
    folder: Path,
    store: str | None,
    clock: str | None,
    door: socket.socket,
) -> None:
    """Serve, as one of several processes."""
    tend_memory()
    from limner.cli.drawing import drawn_apart
    from limner.cli.tenancy import parts_of_all
    from limner.cli.workspace import Workspace
    from limner.service.running import run

    threading.Thread(target=_end_with_parent, daemon=True).start()
    with ExitStack() as opened:
        parts = parts_of_all(Workspace(folder), store, clock=clock, opened=opened, place=place)
        apart = drawn_apart(parts, folder, store, clock=clock)
        run(opened.enter_context(apart), door, ready=lambda _: settle_memory())


def _end_with_parent() -> None:
    """Ask this process to stop once the one that began it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
