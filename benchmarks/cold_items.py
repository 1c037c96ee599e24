"""What the items' words are worth where an item is new: recall among items first sold of late.

An item is cold if it was first met within the last month before the cut. Asked are the customers
who took a cold item within the month after it, and only cold items count, in two ways: ``shown``,
whether the ten items shown of *all* hold them, and ``among``, whether the first ten *cold* items of
the ranking do. Popularity is of the last weeks, by the half-life that ranks best on the validation
window. Methods whose names end in ``_words`` know what a language model makes of the titles, the
others are the same without. Intervals are over customers. The Complete Journey is published for
research, and its package calls it simulated. To run it::

    python benchmarks/cold_items.py complete_journey online_retail
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

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
from limner.heads.item_looks import ages_of
from limner.heads.item_shelf import Truth, shelf_at, truth_of
from limner.heads.reranker import rerank
from limner.heads.study import Study
from limner.training.desks import Desks
from shops import SHOPS

Ints = NDArray[np.int64]
MOST = 2000
"""So far down a ranking cold items are looked for."""
MONTH = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Customers who took cold items, which they took, and all cold items."""

    truth: Truth
    cold: NDArray[np.bool_]


def asked_of(study: Study) -> Asked:
    """Return who took cold items after the cut."""
    window = study.plan.test
    cold = ages_of(shelf_at(study, window)) <= MONTH
    truth = truth_of(study, window)
    kept = cold[truth.items]
    sizes = np.bincount(truth.owners[kept], minlength=len(truth.customers))
    only = Truth(truth.customers, np.concatenate([[0], np.cumsum(sizes)]), truth.items[kept])
    return Asked(only.take(np.flatnonzero(sizes)), cold)


def recalls(ranked: Ints, asked: Asked, *, among: bool) -> NDArray[np.float64]:
    """Return each customer's recall@10 of cold items."""
    found = np.zeros(len(asked.truth.customers))
    for row in range(len(found)):
        wanted = asked.truth.items[asked.truth.at[row] : asked.truth.at[row + 1]]
        shown = ranked[row][ranked[row] >= 0]
        if among:
            shown = shown[asked.cold[shown]]
        found[row] = np.isin(wanted, shown[:10]).sum() / min(10, len(wanted))
    return found


def rankings(study: Study, customers: Ints, *, words: bool) -> dict[str, Ints]:
    """Return what every method shows (N, MOST); with words only those that read them."""
    window = study.plan.test
    told: dict[str, Any] = {}
    if not words:
        fade = popular_fade(study)
        told["popularity"] = rank_popular(study, window, customers, fade, most=MOST)
        told["own_frequency"] = rank_own(study, window, customers, own_fade(study), most=MOST)
        mixture = ease_mixture(study)
        told["ease"] = rank_mixture(study, window, customers, mixture, most=MOST, name="ease")
    told["reranked_words" if words else "reranked"] = rerank(study, window, customers, most=MOST)
    return {name: each.items for name, each in told.items()}


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
        shows: dict[str, Ints] = {}
        for words in (False, True):
            desks = Desks(shop.log, shop.questions, seed, None, shop.settings.fit.category_steps)
            if not words:
                desks.ledger.looks = {}
            study = desks.study("next_item", cut)
            asked = asked_of(study)
            shows |= rankings(study, asked.truth.customers, words=words)
        pairs = len(asked.truth.items)
        print(
            f"{name} {cut:%Y-%m-%d} seed {seed}: {asked.cold.sum():,} cold items, {pairs:,} taken "
            f"by {len(asked.truth.customers):,} customers, within {MONTH:.0f} days"
        )
        rng = np.random.default_rng(seed)
        for among in (False, True):
            base = recalls(shows["popularity"], asked, among=among)
            print("  among cold items alone" if among else "  among all items")
            for method, ranked in shows.items():
                values = recalls(ranked, asked, among=among)
                print(f"    {method:16} {told(values, base, rng)}")
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
