"""Serve profiles over HTTP, and take events in."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from limner.cli.console import narrate, show
from limner.cli.options import SeedOption, WorkspaceOption
from limner.cli.workspace import Workspace
from limner.errors import BadConfig
from limner.service.memory import settle_memory, tend_memory

if TYPE_CHECKING:
    from limner.profiles.database.store import DatabaseStore

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="At which port.")] = 8000,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where profiles live: postgresql://user@host/shop, or a file; by default"
            " profiles.db of the workspace.",
            show_default=False,
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="now|log",
            help="As of when portraits are drawn: the present, or the midnight after the newest"
            " event; by default as [serve] in limner.toml says.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=64,
            help="How many processes answer; by default as [serve] in limner.toml says.",
            show_default=False,
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Listen where others can reach it, without encryption."),
    ] = False,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Serve profiles over HTTP, and take events in.

    At the first start a key is made and shown, once. What was acknowledged is durable. With
    several workers a process that dies is begun again.
    Needs `pip install 'limner[serve]'`.

    Example: limner serve --port 8000
    """
    tend_memory()
    from limner.cli.drawing import drawn_apart
    from limner.cli.serving import demand_safe_address
    from limner.cli.tenancy import parts_of_all

    del seed  # nothing here is left to chance
    shop = Workspace(workspace)
    demand_safe_address(host, insecure=insecure)
    if clock not in {None, "now", "log"}:
        raise BadConfig(f"--clock must be now or log, got {clock!r}")
    with ExitStack() as opened:
        from limner.service.running import listen, run

        parts = parts_of_all(shop, store, clock=clock, opened=opened, greet=_make_first_key)
        door = opened.enter_context(listen(host, port))
        for each in (parts, *parts.tenants.values()):
            counted = each.painter.seed()
            if counted:
                narrate(f"counted {counted:,} customers of the log")
        narrate(f"http://{host}:{door.getsockname()[1]}/docs tells what there is; Ctrl-C stops")
        many = workers or parts.config.workers
        if many == 1:
            apart = drawn_apart(parts, shop.folder, store, clock=clock)
            run(opened.enter_context(apart), door, ready=lambda _: settle_memory())
            return
        from limner.cli.crew import serve_together

        for each in (parts, *parts.tenants.values()):
            each.store.close()  # each process opens its own
        serve_together(shop.folder, store, door, workers=many, clock=clock)


def _make_first_key(shop: Workspace, living: "DatabaseStore", of: str) -> None:
    """Make and show a key for everything, where there is no key yet."""
    from limner.cli.serving import keyring_of, record
    from limner.service.keys import SCOPES

    if not living.keys():
        made = keyring_of(shop, living).make("first", list(SCOPES))
        record(shop, living, "key.created", made.key.id)
        show(f"a key for everything{of}, shown this once: {made.secret}")
