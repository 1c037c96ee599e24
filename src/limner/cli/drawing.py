"""The processes beside a service: one draws portraits, and erasures have one for a moment."""

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from limner.cli.erasing import erased_apart
from limner.service.memory import settle_memory, tend_memory

if TYPE_CHECKING:
    from limner.service.parts import Parts
    from limner.service.studio import Studio

__all__ = ["drawn_apart"]


@contextmanager
def drawn_apart(
    parts: "Parts", folder: Path, store: str | None, *, clock: str | None
) -> Iterator["Parts"]:
    """Yield the parts of a service that has portraits drawn and people erased by other processes.

    That is how ``[serve]`` has it unless it says otherwise.

    Parameters
    ----------
    parts
        Of the workspace, and of the tenants that it serves.
    folder, store, clock
        As ``limner serve`` takes them.
    """
    from limner.service.studio import Studio

    if parts.config.drawing == "within":
        yield parts
        return

    def begin(line: Connection) -> BaseProcess:
        told = {"line": line, "folder": folder, "store": store, "clock": clock}
        made = multiprocessing.get_context("spawn").Process(
            target=_draw, kwargs=told, name="limner-studio"
        )
        made.start()
        return made

    studio = Studio(begin)
    try:
        server = store if store is not None and "://" in store else None
        tenants = {
            name: _at_desk(each, studio, name, server) for name, each in parts.tenants.items()
        }
        yield replace(_at_desk(parts, studio, "", store), tenants=tenants)
    finally:
        studio.close()


def _at_desk(parts: "Parts", studio: "Studio", tenant: str, store: str | None) -> "Parts":
    desk = studio.desk(tenant)
    probe = parts.probes.get("behaviour_model", lambda: True)
    probes = {**parts.probes, "behaviour_model": lambda: probe() and not desk.lacks}
    folder = parts.eraser.folder
    erases = None if folder is None else erased_apart(folder, store)
    return replace(parts, drawer=desk, erases=erases, probes=probes)


def _draw(*, line: Connection, folder: Path, store: str | None, clock: str | None) -> None:
    tend_memory()
    from limner.cli.tenancy import parts_of_all
    from limner.cli.workspace import Workspace
    from limner.service.studio import draw_for

    with ExitStack() as opened:
        parts = parts_of_all(Workspace(folder), store, clock=clock, opened=opened)
        for each in (parts, *parts.tenants.values()):
            reader = each.item_reader()
            if reader is not None:
                opened.callback(reader.close)
                reader.start()
        painters = {name: each.painter for name, each in parts.tenants.items()}
        settle_memory()
        draw_for(line, {**painters, "": parts.painter})
