"""Bring the tables of a store up to what this version expects."""

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.workspace import Workspace

__all__ = ["migrate"]


def migrate(
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Bring the tables of a store up to what this version expects.

    Whatever opens a store does so by itself, under the lock of writers and in one transaction; by
    hand it can be done before a service is begun anew. A store of a newer version is left alone.
    Needs `pip install 'limner[serve]'`.

    Example: limner migrate --store postgresql://user@host/shop
    """
    from limner.cli.serving import migrated

    del seed  # nothing here is left to chance
    done = migrated(Workspace(workspace), store)
    if as_json:
        emit({"before": done.before, "after": done.after})
    was = "brought up" if done.changed else "up to date"
    show(f"{was}: revision {done.after} of the tables", aside=as_json)
