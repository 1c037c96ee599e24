"""Erasures in a process of their own, begun for them and gone with them."""

import multiprocessing
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from limner.errors import LogBusy
from limner.service.apart import FailedApart, be_polite, without_ctrl_c
from limner.service.memory import tend_memory

__all__ = ["erased_apart"]


def erased_apart(folder: Path, store: str | None) -> Callable[[], None]:
    """Return how to finish all erasures of a workspace that were begun, in another process.

    An erasure reads the whole log and writes much of it anew. Done where answers are given, it
    would make them wait, and the memory that it takes for a moment is never given back whole.

    Parameters
    ----------
    folder, store
        As ``limner serve`` takes them.
    """

    def erase() -> None:
        here, there = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=_erase,
            kwargs={"line": there, "folder": folder, "store": store},
            name="limner-erasing",
        )
        with without_ctrl_c():
            process.start()
        there.close()
        with here:
            try:
                busy, place = here.recv()
            except EOFError:
                busy, place = False, f"the process that erases ended: {process.name}"
        process.join()
        if busy:
            raise LogBusy("another process is writing to the log")
        if place:
            raise FailedApart(place)

    return erase


def _erase(*, line: Connection, folder: Path, store: str | None) -> None:
    """Finish erasures, and say what went wrong. The whole of its process."""
    tend_memory()
    from limner.cli.serving import eraser_of, open_store
    from limner.cli.workspace import Workspace
    from limner.service.quiet import place_of

    be_polite()
    try:
        with ExitStack() as opened:
            shop = Workspace(folder)
            eraser = eraser_of(shop, opened.enter_context(open_store(shop, store)))
            opened.callback(eraser.book.close)
            eraser.resume(actor="service")
    except LogBusy:
        line.send((True, ""))
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked is told
        line.send((False, place_of(error)))
    else:
        line.send((False, ""))
