"""Tune the behaviour model for one question."""

from typing import Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.cuts import day_of
from limner.cli.options import AsJson, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["finetune"]


def finetune(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Which of the questions.")],
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which weights learn: full, top, lora, adalora or adapter."
            "  [default: of limner.toml, or else lora]",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="The share of the customers whose labels may be learned from."
            "  [default: of limner.toml, or else 1]",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Tune the model that `limner pretrain` learned for one question, as of the same cut.

    How good each way is, on the past: `limner evaluate --ladder`. Needs `pip install
    'limner[torch]'`; lora and adalora also need `'limner[tune]'`.

    Example: limner finetune churn --method lora
    """
    shop = Workspace(workspace)
    with bar(f"tuning for {question}") as progress:
        done = shop.finetune(question, method=method, labels=labels, seed=seed, progress=progress)
    if as_json:
        emit(done.to_dict())
    show(
        f"{question} as of {day_of(done.as_of, shop)}: {done.trained:,} weights learned by"
        f" {done.method} from {done.customers:,} customers in {done.seconds:.0f} s,"
        f" {done.steps} steps",
        aside=as_json,
    )
    if not done.steps:
        narrate("no step was better than what pretraining had known, so that was kept")
    narrate(f"they lie in {done.folder}; how good: limner evaluate --ladder --question {question}")
