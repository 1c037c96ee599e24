"""Say what a file is, how well it fits, and what is wrong with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, MapOption, SeedOption, Sources, WorkspaceOption
from limner.cli.tables import diagnosis_view
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, NoWorkspace

if TYPE_CHECKING:
    from limner.events.doctor import Diagnosis

__all__ = ["doctor"]


def doctor(
    files: Sources = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write the mapping there, as TOML to read and change."
        ),
    ] = None,
    mapping: MapOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Say what files are, how well they fit, and what is wrong with them, by count and example.

    Without a FILE the [[sources]] of limner.toml are looked at. Nothing is ingested. Within a
    workspace its currency and time zone hold. The exit code is 2 where a file cannot be read.

    Example: limner doctor orders-2024.csv --write mapping.toml
    """
    del seed
    diagnoses = _examine(files or (), mapping, workspace)
    if as_json:
        emit([diagnosis.to_dict() for diagnosis in diagnoses])
    for diagnosis in diagnoses:
        show(diagnosis_view(diagnosis), aside=as_json)
    if write is not None:
        _write(diagnoses, write)
        narrate(f"wrote {write}; next: limner ingest FILE --map {write}")
    if any(each.code == "cannot_be_read" for one in diagnoses for each in one.findings):
        raise typer.Exit(2)


def _examine(
    files: Sequence[str], mapping: Path | None, workspace: Path | None
) -> "list[Diagnosis]":
    """Look at each file, as the shop would read it; without a shop, files must be named."""
    from limner.cli.sourcing import choose_mappings, with_currency
    from limner.events.doctor import examine
    from limner.events.source import open_source

    try:
        shop = Workspace(workspace)
    except NoWorkspace as error:
        if workspace is not None:
            raise
        if not files:
            raise BadConfig(
                "there is nothing to examine", hint="name a file: limner doctor FILE"
            ) from error
        chosen = choose_mappings(Path(), None, files, mapping)
        return [examine(source, known) for source, known in chosen]
    told = shop.settings.shop
    found = []
    for source, known in choose_mappings(shop.folder, shop.settings, files, mapping):
        fitting = with_currency(open_source(source, known)[1], told.currency)
        found.append(examine(source, fitting, time_zone=told.time_zone))
    return found


def _write(diagnoses: "Sequence[Diagnosis]", path: Path) -> None:
    """Write the mappings, each with what was found as a remark, and for which file it is."""
    from limner.events.mapping import write_mapping

    mappings = [
        each.mapping
        if len(diagnoses) == 1 or each.mapping.files
        else each.mapping.model_copy(update={"files": (Path(each.source).name,)})
        for each in diagnoses
    ]
    write_mapping(mappings, path, notes=[each.notes() for each in diagnoses])
