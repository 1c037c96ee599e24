"""Begin a workspace: a folder with a ``limner.toml`` that explains itself."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, narrate
from limner.cli.options import AsJson, SeedOption, WorkspaceOption
from limner.cli.workspace import SETTINGS_NAME, Workspace

__all__ = ["init"]


def init(
    workspace: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option(help="What people call the shop.")] = None,
    currency: Annotated[
        str | None, typer.Option(help="Of prices that name none, for instance EUR.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="Where days begin, for instance Europe/Berlin.")
    ] = "UTC",
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Begin a workspace here, or in --workspace: a folder with a limner.toml.

    Example: limner init --name "corner shop" --currency EUR --time-zone Europe/Berlin
    """
    del seed
    folder = workspace if workspace is not None else Path()
    made = Workspace.create(folder, name=name, currency=currency, time_zone=time_zone)
    if as_json:
        emit({"workspace": str(made.folder.resolve()), "settings": SETTINGS_NAME})
    narrate(
        f"wrote {folder / SETTINGS_NAME}; next: limner doctor FILE --write mapping.toml,"
        " then limner ingest FILE --map mapping.toml"
    )
