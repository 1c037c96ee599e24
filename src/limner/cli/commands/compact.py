"""Move old events from the living store into the log."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["compact"]


def compact(
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Only events that are older.")
    ] = 1.0,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where profiles live; by default profiles.db of the workspace.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Move old events from the living store into the log.

    What came over HTTP is then learned from, with everything that was ingested from files:
    limner fit. A service may run meanwhile; nothing is counted twice, also after a kill.

    Example: limner compact --older-than 1
    """
    from limner.cli.serving import open_store
    from limner.cli.sourcing import cleaning_of
    from limner.errors import NotFitted
    from limner.events.log import EventLog
    from limner.profiles.compaction import compact as move

    del seed  # nothing here is left to chance
    shop, now = Workspace(workspace), datetime.now(UTC)
    try:
        log = shop.log
    except NotFitted:
        log = EventLog.create(shop.folder / "log", buckets=shop.settings.log.buckets)
    with open_store(shop, store) as living, bar("moving events") as progress:
        total = max(1, living.totals()["events"])
        done = move(
            living,
            log,
            before=now - timedelta(days=older_than),
            now=now,
            cleaning=cleaning_of(shop.settings),
            progress=lambda moved: progress("moving events", min(1.0, moved / total)),
        )
    if as_json:
        emit({"moved": done.moved, "new": done.new, "log": log.manifest.rows})
    show(
        f"{done.moved:,} events moved, {done.new:,} of them new to the log,"
        f" which has {log.manifest.rows:,}",
        aside=as_json,
    )
