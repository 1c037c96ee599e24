"""Bars on a terminal, and nothing in a pipe."""

import sys
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

from limner.cli.console import tidy

__all__ = ["Tell", "bar", "silent"]

Tell = Callable[[str, float], None]
"""Is told what is being done and the share done, in [0, 1]."""


def silent(what: str, share: float) -> None:
    """Say nothing."""
    del what, share


@contextmanager
def bar(title: str) -> Iterator[Tell]:
    """Show a bar on stderr while the block runs, if stderr is a terminal that can draw one.

    Yields
    ------
    What is to be told of the progress. The bar is gone when the block ends.
    """
    console = Console(stderr=True)
    if not sys.stderr.isatty() or console.is_dumb_terminal:
        yield silent
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
