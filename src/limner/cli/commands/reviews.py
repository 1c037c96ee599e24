"""Read what customers wrote."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.cuts import day_of
from limner.cli.options import AsJson, CutOption, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.workspace import Workspace

__all__ = ["reviews"]

_TOLD = 6


def reviews(
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="A model of two classes that limner language finetune tuned."
        ),
    ] = None,
    cut: CutOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Read what customers wrote before a cut: language, feeling, aspects and topics.

    How well a text speaks is learned from those that came with stars, four and more against two
    and fewer; or --model says it. Aspects, such as price and delivery, are found by their English
    and Chinese words, and each by the clause that names it. Topics are made out by the words alone.

    What was read lies in the workspace: `reviews/texts.parquet`, and a row a customer and an item
    in `reviews/customers.parquet` and `reviews/items.parquet`. `limner fit` draws it into the
    profiles.

    Example: limner reviews
    """
    shop = Workspace(workspace)
    with bar("reading reviews") as progress:
        done = shop.read_reviews(model=model, cut=cut, seed=seed, progress=progress)
    if as_json:
        emit(done.to_dict())
    sure = "" if done.auroc is None else f" (AUROC {done.auroc:.3f} on texts that did not teach)"
    show(
        f"{done.texts:,} texts of {done.customers:,} customers about {done.items:,} items before"
        f" {day_of(done.as_of, shop)}; {done.sentiment:.0%} praise, as judged by {done.judge}"
        f"{sure}",
        aside=as_json,
    )
    tongues = ", ".join(f"{name} {count:,}" for name, count in list(done.languages.items())[:_TOLD])
    unsure = done.texts - sum(done.languages.values())
    show(f"languages: {tongues or 'none'}, unsure {unsure:,}", aside=as_json)
    if done.unjudged:
        show(f"{done.unjudged:,} hold no word that is known, and count for nothing", aside=as_json)
    for name, (count, mean) in list(done.aspects.items())[:_TOLD]:
        show(f"  {name:12} {count:6,}x  {mean:4.0%} praise", aside=as_json)
    for name, count in list(done.topics.items())[:_TOLD]:
        show(f"  topic: {name} ({count:,})", aside=as_json)
    narrate(f"it lies in {done.folder}; next: limner fit")
