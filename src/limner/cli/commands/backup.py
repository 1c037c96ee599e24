"""Copy a workspace into one file."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.outputs import demand_file
from limner.cli.workspace import Workspace

__all__ = ["backup"]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: a tar archive.")],
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Copy a workspace into one file, as it is at one moment; `limner serve` may go on meanwhile.

    It holds everything, the secret of the keys too: keep it as safe as the workspace. PostgreSQL
    is copied by `pg_dump`. Needs `pip install 'limner[serve]'`.

    Example: limner backup ../shop.tar
    """
    from limner.cli.backing import back_up

    del seed
    demand_file(file, option="FILE")
    done = back_up(Workspace(workspace), file, store=store)
    if as_json:
        emit({"file": str(done.file), "files": done.files, "bytes": done.size})
    show(f"{done.file}: {done.files:,} files, {done.size / 1e6:,.1f} MB", aside=as_json)
