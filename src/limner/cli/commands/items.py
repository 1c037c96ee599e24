"""Read the items' words and pictures."""

from typing import Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["items"]

_TOLD = 3
"""So many pictures that could not be read are named."""


def items(
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch pictures that the catalogue names by address.")
    ] = False,
    inside: Annotated[
        bool, typer.Option("--inside", help="Also from servers of your own network.")
    ] = False,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Read what is new among the items' words and pictures into vectors beside the log.

    The models are `[text] encoder` and `[image] encoder` of limner.toml. What was read once is not
    read again. From then on `limner pretrain` learns what items look like, recommendations weigh
    it, and `limner embed` has blocks of it. What `limner serve` is told of items it reads as it
    comes.

    Nothing is fetched from the net unless --fetch says so.

    Example: limner items
    """
    del seed  # nothing is left to chance
    shop = Workspace(workspace)
    with bar("reading items") as progress:
        done = shop.read_items(fetch=fetch, inside=inside, store=store, progress=progress)
    if as_json:
        emit(done.to_dict())
    for name, look in done.looks.items():
        show(
            f"{name}: {look.items:,} of {done.items:,} items have a vector of {look.width} numbers,"
            f" {look.new:,} of them new ({look.seconds:.1f} s)",
            aside=as_json,
        )
        for what, why in list(look.refused.items())[:_TOLD]:
            narrate(f"{what[:80]}: {why}")
        if len(look.refused) > _TOLD:
            narrate(f"and {len(look.refused) - _TOLD:,} more could not be read")
    for why in done.lacking:
        narrate(why)
    narrate("next: limner pretrain, then limner evaluate")
