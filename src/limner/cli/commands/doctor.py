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

    Without a FILE the [[sources]] of limner.toml are looked at. Nothing is ingested.

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


def _examine(
    files: Sequence[str], mapping: Path | None, workspace: Path | None
) -> "list[Diagnosis]":
    """Look at each file; only where none is named a workspace is needed, for its sources."""
    from limner.cli.sourcing import choose_mappings
    from limner.events.doctor import examine

    folder, settings = Path(), None
    if not files:
        try:
            shop = Workspace(workspace)
        except NoWorkspace as error:
            raise BadConfig(
                "there is nothing to examine", hint="name a file: limner doctor FILE"
            ) from error
        folder, settings = shop.folder, shop.settings
    chosen = choose_mappings(folder, settings, files, mapping)
    return [examine(source, known) for source, known in chosen]


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
