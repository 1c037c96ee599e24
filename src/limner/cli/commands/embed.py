"""Write every customer's blocks to a file."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, show
from limner.cli.cuts import day_of
from limner.cli.options import AsJson, CutOption, SeedOption, WorkspaceOption
from limner.cli.workspace import Workspace

__all__ = ["embed"]


def embed(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    cut: CutOption = None,
    impute: Annotated[
        bool, typer.Option("--impute", help="Fill in blocks for customers who lack one.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Write who everybody is as of a cut: customer_id, and one list column a block.

    The block `aggregates` holds the automatic columns, `sequence` the vector of the behaviour
    model that `limner pretrain` learned, `collaborative` the factors of what was bought by whom.
    Where `[text] encoder` of limner.toml names a language model, `text` holds what it makes of what
    was met and written.

    A customer who lacks a block has null there, one who met no known item for instance. With
    --impute it is told from the blocks that the customer has, and `BLOCK_imputed` says so.

    The file's metadata hold, as JSON under `limner`, each block's name, version, dim, coverage and
    as_of. Vectors of one version can be compared, whatever the cut.

    Example: limner embed --out blocks.parquet
    """
    del seed  # nothing is left to chance
    shop = Workspace(workspace)
    done = shop.embed(out, cut=cut, impute=impute)
    if as_json:
        emit(done.to_dict())
    lengths = ", ".join(f"{name} ({length})" for name, length in done.blocks.items())
    none = [f"{count:,} without {name}" for name, count in done.lacking.items() if count]
    show(
        f"{done.customers:,} customers as of {day_of(done.as_of, shop)}: {lengths} in {done.out}"
        + (f"; {', '.join(none)} of their own" if none else ""),
        aside=as_json,
    )
