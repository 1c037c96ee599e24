"""Learn what customers do, from the log alone."""

from limner.cli.console import emit, narrate, show
from limner.cli.cuts import day_of
from limner.cli.options import AsJson, CutOption, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["pretrain"]


def pretrain(
    cut: CutOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Learn a behaviour model from all events before a cut, without a label.

    Needs `pip install 'limner[torch]'`. A run that was killed goes on where it was.

    Example: limner pretrain --cut 2024-06-01
    """
    shop = Workspace(workspace)
    with bar("pretraining") as progress:
        done = shop.pretrain(cut, seed=seed, progress=progress)
    if as_json:
        emit(done.to_dict())
    show(
        f"a behaviour model of {done.weights:,} weights knows what came before"
        f" {day_of(done.as_of, shop)}: {done.steps} steps, loss {done.loss:.3f}",
        aside=as_json,
    )
    narrate(f"it lies in {done.folder}; next: limner embed --out blocks.parquet")
