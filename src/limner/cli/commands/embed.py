"""Write every customer's blocks to a file."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, CutOption, SeedOption, WorkspaceOption
from limner.cli.workspace import Workspace

__all__ = ["embed"]


def embed(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    cut: CutOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Write who everybody is as of a cut: customer_id, and one list column a block.

    The block `aggregates` holds the automatic columns, `sequence` the vector of the behaviour
    model that `limner pretrain` learned.

    Example: limner embed --out blocks.parquet
    """
    del seed  # nothing is left to chance
    done = Workspace(workspace).embed(out, cut=cut)
    if as_json:
        emit(done.to_dict())
    lengths = ", ".join(f"{name} ({length})" for name, length in done.blocks.items())
    show(
        f"{done.customers:,} customers as of {done.as_of:%Y-%m-%d}: {lengths} in {done.out}",
        aside=as_json,
    )
