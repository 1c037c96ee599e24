"""What is offered of new items: recall among items first sold of late, by their words and not.

An item is cold if anybody met it first within the last month before the cut. Asked are the
customers who took a cold item within the month after it, by the built-in question ``arrivals``,
which offers cold items alone: the recall of the first ten, and, as ``shown``, the same of the
question ``next_item``, where the ten are of all items. Popularity is of the half-life that ranks
best on the validation window. Methods whose names end in ``_words`` know what a language model
makes of the titles, the others are the same without. ``hindsight`` is no method: it knows how many
customers will take each item in the month asked about, and shows a customer their own new items,
then what sells best by how much they like its category. Intervals are over customers. The Complete
Journey is published for research, and its package calls it simulated. To run it::

    python benchmarks/cold_items.py complete_journey online_retail
"""

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import Workspace
from limner.heads.item_choices import (
    ease_mixture,
    own_fade,
    popular_fade,
    rank_mixture,
    rank_own,
    rank_popular,
)
from limner.heads.item_shelf import Truth, shelf_at, truth_of
from limner.heads.item_sources import SLOW
from limner.heads.question import read_questions
from limner.heads.reranker import rerank
from limner.heads.study import Ranked, Study
from limner.training.desks import Desks
from shops import SHOPS

Ints = NDArray[np.int64]
MOST = 10
A_LITTLE = 0.01
"""How much everybody likes every category, as a share of all their liking."""


def recalls(ranked: Ints, truth: Truth) -> NDArray[np.float64]:
    """Return each customer's recall@10."""
    found = np.zeros(len(truth.customers))
    for row in range(len(found)):
        wanted = truth.items[truth.at[row] : truth.at[row + 1]]
        found[row] = np.isin(wanted, ranked[row]).sum() / min(MOST, len(wanted))
    return found


def rankings(study: Study, customers: Ints, *, words: bool) -> dict[str, Ints]:
    """Return what every method shows (N, 10); with words only those that read them."""
    window = study.plan.test
    shown: dict[str, Ranked] = {}
    if not words:
        fade = popular_fade(study)
        shown["popularity"] = rank_popular(study, window, customers, fade, most=MOST)
        shown["own_frequency"] = rank_own(study, window, customers, own_fade(study), most=MOST)
        mixture = ease_mixture(study)
        shown["ease"] = rank_mixture(study, window, customers, mixture, most=MOST, name="ease")
    shown["reranked_words" if words else "reranked"] = rerank(study, window, customers, most=MOST)
    return {name: each.items for name, each in shown.items()}


def hindsight(study: Study, customers: Ints, taken: Ints) -> Ints:
    """Return what could be shown (N, 10) if how well each item will sell were known.

    ``taken`` are the items of all that was taken within the window.
    """
    shelf = shelf_at(study, study.plan.test)
    category = np.maximum(study.ledger.item_category, -1) + 1
    sold = np.bincount(taken, minlength=shelf.items)
    offered = np.flatnonzero(sold)
    mine, places = shelf.pairs_of(customers)
    weights = shelf.evidence(SLOW)[places]
    liking = np.zeros((len(customers), category.max() + 1))
    np.add.at(liking, (mine, category[shelf.history.items[places]]), weights)
    liking /= np.maximum(liking.sum(axis=1, keepdims=True), 1e-9)
    scores = sold[offered] * (liking[:, category[offered]] + A_LITTLE)
    place = np.full(shelf.items, -1)
    place[offered] = np.arange(len(offered))
    known = place[shelf.history.items[places]]
    np.add.at(scores, (mine[known >= 0], known[known >= 0]), weights[known >= 0] + sold.sum())
    return offered[np.argsort(-scores, axis=1, kind="stable")[:, :MOST]]


def told(values: NDArray[np.float64], base: NDArray[np.float64], rng: np.random.Generator) -> str:
    """Return a mean with its interval, and how many times the base it is."""
    draws = rng.integers(0, len(values), (1000, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    ratio = values.mean() / base.mean() if base.mean() else np.inf
    return f"{values.mean():.4f} [{low:.4f}, {high:.4f}] {ratio:5.1f}x"


def examine(name: str, encoder: str, seed: int, workspace: Path | None) -> None:
    """Ask one shop."""
    with tempfile.TemporaryDirectory() as folder:
        place = workspace or Path(folder) / name
        if not (place / "limner.toml").is_file():
            Workspace.create(place, name=name)
            (place / "limner.toml").write_text(
                f'[shop]\nname = "{name}"\n{SHOPS[name].questions}\n[text]\nencoder = "{encoder}"\n'
            )
            Workspace(place).ingest(SHOPS[name].source)
        shop = Workspace(place)
        began = time.perf_counter()
        read = shop.read_items().looks["text"]
        print(f"{name}: {read.items:,} items read in {time.perf_counter() - began:.0f} s")
        cut = datetime.fromisoformat(SHOPS[name].cut + "T00:00:00+00:00")
        among = shop.questions["next_item"].among_days
        questions = read_questions(
            {"arrivals": {"among_days": among}, "next_item": {"among_days": among}}
        )
        shows: dict[str, dict[str, Ints]] = {each: {} for each in questions}
        for words in (False, True):
            desks = Desks(shop.log, questions, seed, None, shop.settings.fit.category_steps)
            if not words:
                desks.ledger.looks = {}
            asked = truth_of(desks.study("arrivals", cut), desks.study("arrivals", cut).plan.test)
            asked = asked.take(np.flatnonzero(np.diff(asked.at)))
            if not words:
                study = desks.study("arrivals", cut)
                shows["arrivals"]["hindsight"] = hindsight(study, asked.customers, asked.items)
            for each in questions:
                study = desks.study(each, cut)
                shows[each] |= rankings(study, asked.customers, words=words)
        print(
            f"{name} {cut:%Y-%m-%d} seed {seed}: {len(np.unique(asked.items)):,} cold items, taken "
            f"{len(asked.items):,} times by {len(asked.customers):,} customers"
        )
        rng = np.random.default_rng(seed)
        for each, found in shows.items():
            base = recalls(found["popularity"], asked)
            print("  arrivals" if each == "arrivals" else "  shown among all items")
            for method, ranked in found.items():
                print(f"    {method:16} {told(recalls(ranked, asked), base, rng)}")
        shop.close()


def main() -> None:
    """Read which shops, and ask them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shops", nargs="*", default=["complete_journey", "online_retail"])
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--workspace", type=Path, help="of one shop, used again")
    asked = parser.parse_args()
    for name in asked.shops:
        for seed in asked.seeds:
            examine(name, asked.encoder, seed, asked.workspace)


if __name__ == "__main__":
    main()
