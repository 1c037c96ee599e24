"""Every method on real shops: the figures of the README, with 95 % intervals over customers.

``python benchmarks/shops.py complete_journey online_retail taobao`` goes the whole way for each:
a fresh workspace, ingest, evaluate. The Complete Journey comes with its package, the others lie in
the data folder. The Complete Journey is published for research and its package calls it simulated;
the others are real.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from limner import Workspace
from limner.training.table import plain

DATA = Path(__file__).parents[1].parent / "shared/data"


@dataclass(frozen=True, slots=True)
class Shop:
    """Where a shop's log lies, when it is asked, and what."""

    source: str
    cut: str
    questions: str


JOURNEY = ("churn", "purchase", "orders", "spend", "category", "brand", "next_item")
SHOPS = {
    "complete_journey": Shop(
        "complete-journey",
        "2017-12-01",
        "\n".join(f"[questions.{name}]" for name in (*JOURNEY, "coupon", "age", "income", "kids")),
    ),
    "online_retail": Shop(
        str(DATA / "online_retail_uci/transactions.parquet"),
        "2011-11-09",
        # Customers of this wholesaler come monthly: staying away for a fortnight means nothing.
        "[questions.churn]\nhorizon_days = 30\namong_days = 90\n"
        "[questions.spend]\namong_days = 90\n[questions.next_item]\namong_days = 90\n",
    ),
    "taobao": Shop(
        str(DATA / "taobao_userbehavior/events.parquet"),
        "2017-12-02",
        "[questions.purchase]\nhorizon_days = 2\n[questions.next_item]\nhorizon_days = 2\n",
    ),
}


def examine(name: str, *, seed: int, methods: list[str]) -> None:
    """Go the whole way for one shop and print its scoreboard."""
    shop = SHOPS[name]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / name, name=name)
        settings = workspace.folder / "limner.toml"
        settings.write_text(f'[shop]\nname = "{name}"\n{shop.questions}\n', encoding="utf-8")
        workspace = Workspace(workspace.folder)
        began = time.perf_counter()
        report = workspace.ingest(shop.source)
        print(
            f"== {name}: {report.rows_in:,} rows in, {report.rows_after:,} kept, "
            f"{sum(note.count for note in report.refused.values()):,} refused, "
            f"{report.customers:,} customers, {time.perf_counter() - began:.1f} s"
        )
        began = time.perf_counter()
        found = workspace.evaluate([shop.cut], seed=seed, methods=methods)
        print(plain(found.scoreboard))
        print("\n".join(found.notes))
        print(f"seed {seed}, {time.perf_counter() - began:.1f} s")
        workspace.close()


def main() -> None:
    """Read which shops, and examine them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shops", nargs="*", default=list(SHOPS), metavar="SHOP")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", nargs="+", default=[])
    asked = parser.parse_args()
    for name in asked.shops:
        examine(name, seed=asked.seed, methods=asked.methods)


if __name__ == "__main__":
    main()
