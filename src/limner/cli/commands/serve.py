"""Serve profiles over HTTP, and take events in."""

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from limner.cli.console import narrate, show
from limner.cli.options import SeedOption, WorkspaceOption
from limner.cli.workspace import Workspace
from limner.errors import BadConfig

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
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Listen where others can reach it, without encryption."),
    ] = False,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Serve profiles over HTTP, and take events in.

    At the first start a key is made and shown, once. What was acknowledged is durable.
    Needs `pip install 'limner[serve]'`.

    Example: limner serve --port 8000
    """
    from limner.cli.serving import demand_safe_address, open_store, parts_of
    from limner.cli.tenancy import tenants_of

    del seed  # nothing here is left to chance
    shop = Workspace(workspace)
    demand_safe_address(host, insecure=insecure)
    if clock not in {None, "now", "log"}:
        raise BadConfig(f"--clock must be now or log, got {clock!r}")
    with ExitStack() as opened:
        living = opened.enter_context(open_store(shop, store))
        _make_first_key(shop, living)
        from limner.service.running import listen, run

        door = listen(host, port)
        parts = parts_of(shop, living, clock=clock)
        others = {}
        for name, theirs in tenants_of(shop).items():
            server = store if store is not None and "://" in store else None
            held = opened.enter_context(open_store(theirs, server))
            _make_first_key(theirs, held, of=f" of {name}")
            others[name] = parts_of(theirs, held, clock=clock)
        for each in (parts, *others.values()):
            counted = each.painter.seed()
            if counted:
                narrate(f"counted {counted:,} customers of the log")
        narrate(f"http://{host}:{door.getsockname()[1]}/docs tells what there is; Ctrl-C stops")
        run(replace(parts, tenants=others), door)


def _make_first_key(shop: Workspace, living: "DatabaseStore", *, of: str = "") -> None:
    """Make and show a key for everything, where there is no key yet."""
    from limner.cli.serving import keyring_of, record
    from limner.service.keys import SCOPES

    if not living.keys():
        made = keyring_of(shop, living).make("first", list(SCOPES))
        record(shop, living, "key.created", made.key.id)
        show(f"a key for everything{of}, shown this once: {made.secret}")
