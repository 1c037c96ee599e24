"""What columns of pure noise do to every answer, on the Complete Journey.

One, three and five random categorical columns are added to the source and go through the ordinary
ingest. In a harder trial the noise stands where the models do read: as the brand of every item, in
a shop that has no brands; of how much the real brand is worth the last line tells. The panel is
published for research, and its package calls it simulated. To run it:
``python benchmarks/noise.py [--methods automatic] [--cut 2017-12-01] [--seed 0]``
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from limner.cli.workspace import Workspace
from limner.events.doctor import examine
from limner.events.source import open_source
from limner.training.scoring import FOREMOST

MOST = 0.005
"""No metric may move by more."""
VALUES = (4, 20, 100, 500, 1000)
"""How many values the five columns have."""
BRANDS = 200


@dataclass(frozen=True, slots=True)
class Shop:
    """A source: events and a catalogue under our names, as its reader gave them."""

    events: pl.DataFrame
    catalogue: pl.DataFrame

    @classmethod
    def read(cls) -> "Shop":
        """Read the tables of the package, duplicates and all."""
        reader, mapping = open_source("complete-journey")
        batches = list(reader.read("complete-journey", mapping))
        events = [batch.events for batch in batches if len(batch.events)]
        catalogues = [batch.catalogue for batch in batches if batch.catalogue is not None]
        return cls(pl.concat(events, how="diagonal").drop("_line"), pl.concat(catalogues))

    def with_noise(self, columns: int, seed: int) -> "Shop":
        """Add random columns to the events."""
        rng = np.random.default_rng(seed)
        drawn = {
            f"noise_{number}": pl.Series(rng.integers(0, values, len(self.events)))
            for number, values in enumerate(VALUES[:columns], 1)
        }
        told = {name: pl.format("v{}", values) for name, values in drawn.items()}
        return Shop(self.events.with_columns(**told), self.catalogue)

    def with_brands(self, seed: int | None) -> "Shop":
        """Take the brands away, and with a seed put random ones in their place."""
        brand = pl.lit(None, pl.String)
        if seed is not None:
            drawn = np.random.default_rng(seed).integers(0, BRANDS, len(self.catalogue))
            brand = pl.format("maker {}", pl.Series(drawn))
        return Shop(self.events, self.catalogue.with_columns(brand=brand))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every shop."""

    cut: str
    questions: Sequence[str]
    methods: Sequence[str]
    seed: int

    def of(self, shop: Shop) -> dict[tuple[str, str], float]:
        """Ingest a shop as its own files and return the foremost metric of each answer."""
        with tempfile.TemporaryDirectory() as folder:
            asked = dict.fromkeys(self.questions, "")
            workspace = Workspace.create(Path(folder) / "shop", currency="USD", questions=asked)
            files = Path(folder) / "events.parquet", Path(folder) / "catalogue.parquet"
            shop.events.write_parquet(files[0])
            shop.catalogue.write_parquet(files[1])
            noisy = [each for each in shop.events.columns if each.startswith("noise")]
            if noisy:
                told = [
                    each.example.partition(":")[0]
                    for each in examine(files[0]).findings
                    if each.code == "column_tells_nothing"
                ]
                print(f"limner doctor names {', '.join(told)}", "" if told == noisy else "  !")
            report = workspace.ingest(*map(str, files))
            print(f"{report.rows_after:,} rows", end="", flush=True)
            found = workspace.evaluate([self.cut], methods=self.methods, seed=self.seed)
            workspace.close()
        return {
            (row.question, row.method): row.value
            for row in found.scoreboard
            if row.metric == FOREMOST[row.shape]
            and getattr(row, "slice", "all") == "all"
            and row.value is not None
        }


def compare(
    asked: Asked, name: str, shop: Shop, plain: dict[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Ask a shop, print how far each answer moved from another's, and return the answers."""
    began = time.perf_counter()
    found = asked.of(shop)
    print(f", {time.perf_counter() - began:.0f} s")
    for (question, method), value in found.items():
        moved = value - plain.get((question, method), value)
        sign = "" if abs(moved) <= MOST else f"  more than {MOST}"
        print(f"{name:34s}{question:10s}{method:12s}{value:9.4f}{moved:+9.4f}{sign}", flush=True)
    return found


def main() -> None:
    """Ask the shop as it is, with more and more noise, and with noise for brands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["automatic"])
    parser.add_argument("--questions", nargs="+", default=["churn", "spend", "category"])
    parser.add_argument("--columns", type=int, nargs="*", default=[1, 3, 5])
    parser.add_argument("--cut", default="2017-12-01")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    asked = Asked(given.cut, given.questions, given.methods, given.seed)
    shop = Shop.read()
    print(f"{'shop':34s}{'question':10s}{'method':12s}{'value':>9s}{'moved':>9s}")
    plain = compare(asked, "as it is", shop, {})
    for columns in given.columns:
        noisy = shop.with_noise(columns, given.seed)
        compare(asked, f"with {columns} columns of noise", noisy, plain)
    bare = compare(asked, "without brands", shop.with_brands(None), plain)
    compare(asked, "noise for brands, from none", shop.with_brands(given.seed), bare)
    print(
        "churn: AUROC, 14 days; spend: R² of the logarithm, 30 days; category: mean AUROC, 30 days"
    )


if __name__ == "__main__":
    main()
