"""Work that reads the log for long, on the log as it stood when the work began."""

import shutil
from contextlib import contextmanager
from copy import copy
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from limner.errors import LogBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from limner.cli.workspace import Workspace
    from limner.events.log import EventLog

__all__ = ["on_one_state", "unless_erased"]

P = ParamSpec("P")
R = TypeVar("R")


def on_one_state(
    work: "Callable[Concatenate[Workspace, P], R]",
) -> "Callable[Concatenate[Workspace, P], R]":
    """Let a workspace's log stay as it is until some work is done, whatever is added meanwhile.

    A shop that is open goes on while its models are learned anew: events move into the log, and
    files that the work is still to read would go. Raises LogBusy if somebody was erased meanwhile.
    """

    @wraps(work)
    def done(shop: "Workspace", /, *args: P.args, **named: P.kwargs) -> R:
        from limner.events.holding import held

        if shop.held is not None:
            return work(shop, *args, **named)
        shop.close()  # so that the copy has a profile store of its own
        own = copy(shop)
        try:
            with held(shop.log) as own.held:
                return work(own, *args, **named)
        finally:
            own.close()

    return done


@contextmanager
def unless_erased(
    log: "EventLog", place: "Path", *, scratch: "Path | None" = None
) -> "Iterator[None]":
    """Write down what was read of people, and leave nothing of it where somebody was erased.

    What stood in the place before stays where nothing was written yet.

    Parameters
    ----------
    log
        From which it was read.
    place
        The file or folder that is written.
    scratch
        Where it was gathered before.

    Raises
    ------
    LogBusy
        If somebody was erased since the log was held.
    """
    from limner.events.holding import demand_held

    written = False
    try:
        demand_held(log)
        written = True
        yield
        demand_held(log)
    except LogBusy:
        _remove(scratch)
        _remove(place if written else None)
        raise


def _remove(place: "Path | None") -> None:
    if place is not None and place.is_dir():
        shutil.rmtree(place)
    elif place is not None:
        place.unlink(missing_ok=True)
