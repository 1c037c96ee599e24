"""How fast ours and CoLES learn and describe, side by side, with the same width and length.

Both read the Complete Journey up to 2017-12-01 and take turns. An event is a line of the log;
ours reads the lines of one order as one step of its recurrence, CoLES each line as a step, so the
steps a second are told too. CoLES (pytorch-lifestream) is timed as it is used, with its own loader,
and on batches that were made before (*bare*); its inference module is handed all customers in its
own format, ours reads them out of the ledger. The bare matrix products are those of a gated
recurrent cell of the same shapes, forward and twice backward, and nothing else.

``python benchmarks/peers_speed.py [--width 64] [--length 256] [--threads 2]``; the peers live in an
environment of their own, see ``benchmarks/peers.py``.
"""

import argparse
import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from limner import Workspace
from limner.dataset.ledger import Ledger
from limner.model.behaviour import BehaviourConfig
from limner.model.reading import read_customers
from limner.training.pretraining import PretrainConfig, pretrain
from limner.training.teacher import Teacher
from peers_methods import DEMO, Peers, events_before

HOUSE = Path(__file__).parents[1]
CUT = datetime.fromisoformat("2017-12-01T00:00:00+00:00")
CUSTOMERS = 64
"""Customers of one batch, of both."""


def ours(ledger: Ledger, *, width: int, length: int, steps: int) -> dict[str, float]:
    """Time our own pretraining and our own embedding.

    ``train`` counts events a second from the second batch to the last, ``train_steps`` the steps
    of the recurrence; ``embed_customers`` everybody, out of the ledger, at the cut.
    """
    drawn: list[tuple[float, int, int]] = []
    draw = Teacher.draw

    def counted(self: Teacher, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is
        began = time.perf_counter()
        batch, future = draw(self, *given, **named)
        drawn.append((began, len(batch.codes), int(batch.lengths.sum())))
        return batch, future

    past = Ledger.of(ledger.source, level=2, before=CUT)
    Teacher.draw = counted  # type: ignore[method-assign] # given back below
    try:
        config = PretrainConfig(steps=steps, customers=CUSTOMERS)
        size = BehaviourConfig(width=width, longest=length)
        done = pretrain(past, CUT, model=size, config=config)
    finally:
        Teacher.draw = draw  # type: ignore[method-assign]
    seconds = drawn[-1][0] - drawn[1][0]
    began = time.perf_counter()
    block = read_customers(done.model, past, CUT)
    took = time.perf_counter() - began
    return {
        "train": sum(lines for _, lines, _ in drawn[1:-1]) / seconds,
        "train_steps": sum(visits for _, _, visits in drawn[1:-1]) / seconds,
        "embed_customers": len(block.customers) / took,
    }


def theirs(
    ledger: Ledger, peers: Peers, *, width: int, length: int, steps: int
) -> dict[str, float]:
    """Time CoLES in its own process: slices of the whole length, so that nothing is padding."""
    settings = DEMO | {
        "width": width,
        "longest": length,
        "customers": CUSTOMERS,
        "slice_least": length,
        "slice_most": length,
    }
    if not (peers.folder / "events.parquet").is_file():
        peers.folder.mkdir(parents=True, exist_ok=True)
        events_before(ledger, CUT).write_parquet(peers.folder / "events.parquet")
    job = {"what": "speed", "seed": 0, "steps": steps, "settings": settings}
    peers.run("peers_coles.py", peers.folder, job)
    found: dict[str, float] = json.loads((peers.folder / "speed.json").read_text(encoding="utf-8"))
    return found | {"train_steps": found["train"]}


def bare(*, width: int, length: int) -> float:
    """Return steps a second of the matrix products of a gated recurrent layer, learning."""
    rows, inputs = CUSTOMERS * length, torch.randn(CUSTOMERS * length, width)
    gates, state = torch.randn(width, 3 * width), torch.randn(CUSTOMERS, width)

    def once() -> None:
        for _ in range(3):
            inputs @ gates
            for _ in range(length):
                state @ gates

    with torch.inference_mode():
        once()
        began = time.perf_counter()
        for _ in range(5):
            once()
        return 5 * rows / (time.perf_counter() - began)


def main() -> None:
    """Let both take turns, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", type=Path, default=HOUSE / ".venv-peers/bin/python")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    size = {"width": asked.width, "length": asked.length, "steps": asked.steps}
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "coles": []}
    products: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        shop = Workspace.create(Path(folder) / "shop", sources=["complete-journey"])
        shop.ingest()
        ledger = Ledger.of(shop.log, level=2)
        peers = Peers(asked.python.absolute(), Path(folder) / "coles", threads=asked.threads)
        for _ in range(asked.rounds):
            rounds["ours"].append(ours(ledger, **size))
            rounds["coles"].append(theirs(ledger, peers, **size))
            products.append(bare(width=asked.width, length=asked.length))
        shop.close()
    found = {
        name: {key: float(np.median([one[key] for one in each])) for key in each[0]}
        for name, each in rounds.items()
    }
    mine, other, product = found["ours"], found["coles"], float(np.median(products))
    print(
        f"width {asked.width}, length {asked.length}, {asked.threads} threads, "
        f"median of {asked.rounds}"
    )
    rows = [
        ("pretraining, events a second", mine["train"], other["train"]),
        ("  CoLES without its loader", mine["train"], other["train_bare"]),
        ("  steps a second", mine["train_steps"], other["train_steps"]),
        ("  bare matrix products, steps a second", mine["train_steps"], product),
        ("embedding, customers a second", mine["embed_customers"], other["embed_customers"]),
    ]
    print(f"{'':42s}{'ours':>12s}{'the other':>12s}{'ratio':>9s}")
    for what, one, two in rows:
        print(f"{what:42s}{one:12,.0f}{two:12,.0f}{one / two:9.2f}")
    if asked.json:
        told = {**size, "threads": asked.threads, "rounds": rounds, "bare": products}
        asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
