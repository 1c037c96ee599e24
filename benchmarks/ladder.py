"""The ladder on the Complete Journey: made by hand, automatic, frozen, tuned by each way, fused.

Every rung answers at each cut for the same customers, knowing only what lies before it; behaviour
models are pretrained at each cut without labels, and whatever they say of a customer to a head was
learned without that customer. Figures are pooled over cuts and seeds, with 95 % intervals over
customers (``benchmarks/pooling.py``). The panel is published for research, and its package calls
it simulated. To run it::

    python benchmarks/ladder.py                          # hand-made, automatic, reranked, fused
    python benchmarks/ladder.py --rungs                  # all of them
    python benchmarks/ladder.py --cuts 2017-12-01 --seeds 0 --questions churn
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from limner import Workspace
from limner.cli.template import DEMO_QUESTIONS
from limner.cli.tuning import learning_of
from limner.engine import Pool
from limner.training.evaluate import evaluate
from pooling import pool, table

CUTS = ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01")
QUESTIONS = ("churn", "spend", "category", "next_item", "age", "income", "kids")
USUAL = ("hand_made", "automatic", "own_frequency", "ease", "reranked", "fused")
RUNGS = ("frozen_linear", "frozen_boosted", "top", "lora", "adalora", "adapter", "full", "joint")


def main() -> None:
    """Put the questions, and print a table a question."""
    parser = parser_of(__doc__, questions=QUESTIONS, methods=USUAL)
    parser.add_argument("--rungs", action="store_true", help="all rungs of the ladder too")
    asked = parser.parse_args()
    with TemporaryDirectory() as there:
        run(asked, Path(asked.keep or there))


def parser_of(
    about: str, *, questions: Sequence[str], methods: Sequence[str]
) -> argparse.ArgumentParser:
    """Return what reads which cuts, seeds, questions and methods are asked."""
    parser = argparse.ArgumentParser(description=about.split("\n", 1)[0])
    parser.add_argument("--cuts", nargs="+", default=list(CUTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--questions", nargs="+", default=list(questions))
    parser.add_argument("--methods", nargs="+", default=list(methods))
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--keep", type=Path, help="a folder for the workspace and its models")
    parser.add_argument("--json", type=Path, help="where the figures go")
    return parser


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Examine, cut by cut and seed by seed, and tell."""
    shop = shop_in(folder / "shop")
    known = shop.asked(asked.questions)
    methods = [*asked.methods, *(RUNGS if asked.rungs else ())]
    told: dict[str, list[tuple[int, Any]]] = {name: [] for name in known}
    for seed in asked.seeds:
        for cut in asked.cuts:
            began = time.monotonic()
            found = evaluate(
                shop.log,
                known,
                cuts=[datetime.fromisoformat(f"{cut}T00:00:00+00:00")],
                seed=seed,
                methods=methods,
                resamples=100,
                learning=learning_of(shop, seed=seed),
                executor=Pool(asked.workers, ahead=len(known)),
            )
            for answers in found.answers:
                told[answers.question].append((seed, answers))
            print(f"{cut}, seed {seed}: {time.monotonic() - began:.0f} s", flush=True)
            for note in found.notes:
                print("  note:", note)
    rows = []
    for name, frames in told.items():
        if frames:
            rows += _tell(name, frames)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _tell(name: str, frames: list[tuple[int, Any]]) -> list[dict[str, Any]]:
    """Print one question's table and what the rungs cost; return its rows."""
    pooled = pool(frames)
    print(f"\n{table(pooled, held=['fused'])}")
    spent = {
        method: sum(answers.seconds[method] for _, answers in frames) / len(frames)
        for method in pooled.methods
    }
    print("  seconds a cut: " + ", ".join(f"{one} {took:.1f}" for one, took in spent.items()))
    return [{**row, "seconds": spent[row["method"]]} for row in pooled.rows(question=name)]


def shop_in(folder: Path) -> Workspace:
    """Return the Complete Journey as a workspace, ingested once."""
    if not (folder / "limner.toml").is_file():
        shop = Workspace.create(folder, questions=DEMO_QUESTIONS, sources=["complete-journey"])
        shop.ingest()
    return Workspace(folder)


if __name__ == "__main__":
    main()
