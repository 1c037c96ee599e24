"""Bars on a terminal; in a pipe, a line now and then of what takes long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from limner.cli.console import narrate, tidy

__all__ = ["Tell", "bar", "silent"]

Tell = Callable[[str, float], None]
"""Is told what is being done and the share done, in [0, 1]."""
_EVERY_S = 60.0
"""In a pipe so many seconds lie between two lines; what takes less says none."""


def silent(what: str, share: float) -> None:
    """Say nothing."""
    del what, share


@contextmanager
def bar(title: str) -> Iterator[Tell]:
    """Show a bar on stderr while the block runs; where none can be drawn, a line each minute.

    Yields
    ------
    What is to be told of the progress. The bar is gone when the block ends.
    """
    console = Console(stderr=True)
    if not sys.stderr.isatty() or console.is_dumb_terminal:
        yield _lines(title)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(escape(title), total=1.0)

        def tell(what: str, share: float) -> None:
            bars.update(task, description=escape(f"{title}: {tidy(what)}"), completed=share)

        yield tell


def _lines(title: str) -> Tell:
    """Return what says now and then how far it is, for logs of what runs by itself."""
    said = time.monotonic()

    def tell(what: str, share: float) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _EVERY_S:
            said = now
            narrate(f"{title}: {what}, {share:.0%}")

    return tell
