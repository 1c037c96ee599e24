"""What each modality adds to every question, on all and on warm, tail and cold items.

The same heads are asked with and without each modality, at one cut: ``counts`` says what it adds
beside what was counted, ``others`` what it adds beside all the other modalities. Behaviour models
here read no words themselves, so that what ``sequence`` adds and what ``text`` adds are kept apart.
For items ``counts`` are one's own history, what is popular, and all that is counted of item and
customer; new items came up within a month before the cut; the head are the commonest items that
hold four fifths of what was taken before, the tail all other known ones. Differences are paired,
with 95 % intervals over customers. The Complete Journey is published for research, and its package
calls it simulated. To run it::

    OMP_NUM_THREADS=1 python benchmarks/modalities.py complete_journey online_retail
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from limner import Workspace
from limner.training.scoreboard import Row
from shops import SHOPS

PLAIN = '\n[model]\nmodalities = ["category", "number", "time"]\n'


def line(row: Row) -> str:
    """Return one difference with its interval and the value with the modality."""
    head = f"  {row.modality:14}{row.beside:8}{row.slice:14}{row.metric:10}"
    if row.delta is None or row.delta_low is None or row.value is None:
        return f"{head} too few: {row.too_few}"
    mark = "*" if row.differs else " "
    around = f"[{row.delta_low:+.4f}, {row.delta_high:+.4f}]"
    return f"{head} {row.delta:+.4f}{mark} {around} to {row.value:.4f}, n {row.n:,}"


def opened(name: str, folder: Path, encoder: str) -> Workspace:
    """Return a shop's workspace, made where it is not there yet, its titles read."""
    settings = folder / "limner.toml"
    if not settings.is_file():
        Workspace.create(folder, name=name)
        settings.write_text(
            f'[shop]\nname = "{name}"\n{SHOPS[name].questions}\n'
            f'[text]\nencoder = "{encoder}"\n{PLAIN}'
        )
        Workspace(folder).ingest(SHOPS[name].source)
    shop = Workspace(folder)
    shop.read_items()
    return shop


def examine(shop: Workspace, cut: str, questions: Sequence[str], seed: int) -> None:
    """Ask one shop, and print what every modality adds to each question."""
    for question in questions or shop.questions:
        began = time.perf_counter()
        board = shop.evaluate(
            [cut], questions=[question], methods=["fused"], modalities=True, seed=seed
        ).scoreboard
        took = time.perf_counter() - began
        print(f"{shop.settings.shop.name} {cut} {question} seed {seed}, {took:.0f} s", flush=True)
        for row in board.modalities:
            print(line(row), flush=True)


def main() -> None:
    """Read which shops and questions, and ask them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("shops", nargs="*", default=["complete_journey", "online_retail"])
    parser.add_argument("--questions", nargs="+", default=[])
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workspace", type=Path, help="of one shop, used again")
    asked = parser.parse_args()
    for name in asked.shops:
        with tempfile.TemporaryDirectory() as folder:
            shop = opened(name, asked.workspace or Path(folder) / name, asked.encoder)
            examine(shop, SHOPS[name].cut, asked.questions, asked.seed)
            shop.close()


if __name__ == "__main__":
    main()
