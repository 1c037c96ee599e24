"""Read events from streams: Kafka, Redis, NATS, and files that grow."""

from typing import Annotated

import typer

from limner.cli.console import narrate
from limner.cli.options import SeedOption, WorkspaceOption
from limner.cli.workspace import Workspace
from limner.service.memory import tend_memory

__all__ = ["worker"]


def worker(
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="ADDRESS",
            help="A stream: kafka://host:port/topic, redis://host:port/stream,"
            " nats://host:port/subject or follow:path.jsonl; may be given several times. By"
            " default as [worker] in limner.toml says.",
            show_default=False,
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where profiles live: postgresql://user@host/shop, or a file; by default"
            " profiles.db of the workspace.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop at the end of what is there.")] = False,
    replay_rejects: Annotated[
        bool,
        typer.Option("--replay-rejects", help="First read once more what was refused before."),
    ] = False,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Read events from streams, until stopped.

    How far a stream was read is stored together with what was read of it, so nothing is lost and
    nothing counted twice, whenever the worker ends. Asked to stop, it finishes what is at hand.
    Needs `pip install 'limner[kafka]'`, `[redis]` or `[nats]`; for a file `[serve]`.

    Example: limner worker --from 'kafka://localhost:9092/events?group=limner'
    """
    tend_memory()
    from limner.cli.serving import open_store
    from limner.cli.working import replay_all, work

    del seed  # nothing here is left to chance
    shop = Workspace(workspace)
    living = open_store(shop, store)
    try:
        if replay_rejects:
            taken, accepted, left = replay_all(shop, living)
            narrate(f"took {taken:,} refused rows, {accepted:,} events new; {left:,} stay refused")
            if not sources:
                return
        done = work(shop, living, sources or (), once=once)
        narrate(
            f"read {done.messages:,} messages: {done.accepted:,} events new,"
            f" {done.duplicates:,} there already, {done.refused:,} refused"
        )
    finally:
        living.close()
