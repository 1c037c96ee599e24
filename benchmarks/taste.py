"""What the block ``collaborative`` adds on the Complete Journey, and how blocks tell each other.

At each cut before December every variant answers for the same customers. An attribute is asked of
each fifth of the customers from what the others told. ``taste`` is the block alone with a linear
head, ``taste_ranked`` the same with every column by its rank, ``both`` the automatic columns and
the block in the usual head. Figures are pooled over cuts, with 95 % intervals over customers. The
panel is published for research, and its package calls it simulated. To run it::

    python benchmarks/taste.py
    python benchmarks/taste.py --questions churn spend --seeds 0 1 2
"""

import argparse
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from limner import Workspace
from limner.heads.amounts import learn_amount
from limner.heads.blockwise import learn_binary
from limner.heads.features import automatic_block, habits_block, hand_made_block
from limner.heads.question import read_questions
from limner.heads.stacked import StackedHead, boosted_only, linear_only, quick_heads, tree_heads
from limner.heads.study import Learned, Sample, Study
from limner.heads.taste import taste_block, taste_heads
from limner.model.blocks.aggregates import AggregatesBlock
from limner.model.blocks.collaborative import CollaborativeBlock
from limner.model.imputation import Imputer
from limner.training.desks import Desks
from limner.training.evaluate import put_question
from pooling import pool, table

CUTS = ("2017-09-01", "2017-10-01", "2017-11-01")
QUESTIONS = ("churn", "spend", "age", "income", "kids")


class Variant:
    """One block through one head, as a method of an evaluation.

    Parameters
    ----------
    block
        What it reads where an attribute is asked, and where what comes is asked.
    heads
        What it learns by where an attribute is asked, and where what comes is asked.
    """

    shapes = frozenset({"whether", "how_much", "which"})

    def __init__(self, block: tuple[Any, Any], heads: tuple[Any, Any]) -> None:
        self.block, self.heads = block, heads

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn the head that fits the shape."""
        place = 0 if study.question.attribute is not None else 1
        block, heads = self.block[place], self.heads[place]
        if study.question.shape == "how_much":
            one = heads if heads is not tree_heads else boosted_only
            return learn_amount(study, train, validation, block=block, heads=one)
        make = partial(StackedHead, "binary", heads=heads, most_columns=80, seed=study.seed)
        return learn_binary(study, train, validation, block=block, make=make)


def beside(block: Any) -> Any:  # noqa: ANN401 - a block of columns
    """Return a block's columns and those of taste."""

    def both(study: Study, window: Any, customers: Any) -> Any:  # noqa: ANN401
        return np.hstack([block(study, window, customers), taste_block(study, window, customers)])

    return both


USUAL = (quick_heads, tree_heads)
VARIANTS = {
    "hand_made": Variant((hand_made_block, hand_made_block), USUAL),
    "automatic": Variant((automatic_block, habits_block), USUAL),
    "both": Variant((beside(automatic_block), beside(habits_block)), USUAL),
    "taste": Variant((taste_block, taste_block), (taste_heads, taste_heads)),
    "taste_ranked": Variant((taste_block, taste_block), (linear_only, linear_only)),
}


def main() -> None:
    """Print a table a question, how long the block takes, and what blocks tell of each other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cuts", nargs="+", default=list(CUTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--questions", nargs="+", default=list(QUESTIONS))
    parser.add_argument("--keep", type=Path, help="a folder for the workspace")
    asked = parser.parse_args()
    with TemporaryDirectory() as there:
        folder = Path(asked.keep or there) / "shop"
        if not (folder / "limner.toml").is_file():
            Workspace.create(folder, sources=["complete-journey"]).ingest()
        log = Workspace(folder).log
        known = read_questions({name: {} for name in asked.questions})
        cuts = [datetime.fromisoformat(f"{cut}T00:00:00+00:00") for cut in asked.cuts]
        told: dict[str, list[tuple[int, Any]]] = {name: [] for name in known}
        for seed in asked.seeds:
            desks = Desks(log, known, seed, None, 2)
            for cut in cuts:
                for name in known:
                    answers, _ = put_question(desks.study(name, cut), VARIANTS)
                    told[name].append((seed, answers))
        for frames in told.values():
            print(table(pool(frames), held=["both", "taste"]), end="\n\n")
        measure(desks.ledger, cuts[-1])


def measure(ledger: Any, cut: datetime) -> None:  # noqa: ANN401
    """Print how long the block takes, and how much of a block the other tells."""
    began = time.process_time()
    taste = CollaborativeBlock().fit(ledger, before=cut)
    learned = time.process_time()
    block = taste.at(ledger, cut)
    done = time.process_time()
    print(
        f"{len(block):,} customers, {block.dim} numbers: learned in {learned - began:.2f} s of CPU "
        f"time, read in {done - learned:.2f} s"
    )
    counted = AggregatesBlock().fit(ledger, before=cut)
    makers = (counted, taste)
    imputer = Imputer({maker.name: maker.normaliser() for maker in makers})
    imputer.fit([maker.at(ledger, cut) for maker in makers])
    for what, share in imputer.explained().items():
        print(f"{what}: {share:.1%} of the variance, of customers held out")


if __name__ == "__main__":
    main()
