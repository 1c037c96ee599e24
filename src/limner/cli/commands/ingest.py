"""Read files into the log, and account for every row."""

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, MapOption, SeedOption, Sources, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.tables import ingest_table
from limner.cli.workspace import Workspace

__all__ = ["ingest"]


def ingest(
    files: Sources = None,
    mapping: MapOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Read files into the log; the same file twice changes nothing.

    Without a FILE the [[sources]] of limner.toml are read. Every row is kept, or refused with a
    reason: log/quality.json counts them, log/rejects keeps the refused ones with file and line.

    Example: limner ingest orders-2024.csv --map mapping.toml
    """
    del seed
    shop = Workspace(workspace)
    with bar("reading") as progress:
        report = shop.ingest(*(files or ()), mapping=mapping, progress=progress)
    if as_json:
        emit(report.to_dict())
    show(ingest_table(report), aside=as_json)
    manifest = shop.log.manifest
    narrate(f"the log holds {manifest.rows:,} events of {manifest.customers:,} customers")
