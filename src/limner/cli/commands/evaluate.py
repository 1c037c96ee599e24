"""Examine every method on the past, and write an honest report."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import narrate, show
from limner.cli.options import QuestionOption, SeedOption, WorkspaceOption
from limner.cli.progress import bar
from limner.cli.tables import scoreboard_view
from limner.cli.workspace import Workspace
from limner.errors import BadConfig

__all__ = ["evaluate"]


def evaluate(
    cut: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE",
            help="The moment at which every question is put; may be given several times."
            "  [default: one longest horizon before the end]",
            show_default=False,
        ),
    ] = None,
    question: QuestionOption = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A method to compare; may be given several times."
            "  [default: all but the ladder's]",
            show_default=False,
        ),
    ] = None,
    ladder: Annotated[
        bool,
        typer.Option(
            "--ladder",
            help="Compare every rung: hand-made, automatic, frozen, tuned by each way, fused.",
        ),
    ] = False,
    modalities: Annotated[
        bool,
        typer.Option(
            "--modalities",
            help="Tell what sequence, collaborative, text and image each add, by slices too.",
        ),
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the rows of the scoreboard there; - for stdout."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Put every question to every method as of a past moment, and score the answers.

    The table goes to the terminal; scoreboard.json and report.html into a folder under runs/.

    Example: limner evaluate --cut 2017-12-01 --json scoreboard-rows.json
    """
    aside = json_file is not None and str(json_file) == "-"
    if json_file is not None and not aside and not json_file.absolute().parent.is_dir():
        raise BadConfig(
            f"--json must name a file in a folder that exists, got {json_file}",
            hint=f"mkdir -p {json_file.parent}",
        )
    shop = Workspace(workspace)
    with bar("examining") as progress:
        examined = shop.evaluate(
            cut or (),
            questions=question or (),
            methods=method or (),
            ladder=ladder,
            modalities=modalities,
            seed=seed,
            progress=progress,
        )
    board = examined.scoreboard
    rows = [row.to_dict() for row in (*board, *board.modalities)]
    text = json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if aside:
        sys.stdout.write(text)
    elif json_file is not None:
        json_file.write_text(text, encoding="utf-8")
    show(scoreboard_view(board), aside=aside)
    if shop.settings.shop.about:
        show(shop.settings.shop.about, aside=aside)
    for note in examined.notes:
        narrate(f"note: {note}")
    narrate(f"report: {examined.report}")
