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
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from limner import Workspace
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.model.behaviour import BehaviourConfig
from limner.model.reading import read_customers
from limner.training.pretraining import PretrainConfig, pretrain
from limner.training.teacher import Teacher
from peers_methods import DEMO, Peers, events_before

HOUSE = Path(__file__).parents[1]
CUT = datetime.fromisoformat("2017-12-01T00:00:00+00:00")
CUSTOMERS = 64
"""Customers of one batch, of both."""


def ours(folder: Path, job: dict[str, Any]) -> None:
    """Time our own pretraining and our own embedding, in a process of its own as CoLES has.

    ``train`` counts events a second from the second batch to the last, ``train_steps`` the steps
    of the recurrence; ``embed`` events of everybody, read out of the ledger at the cut, and
    ``embed_customers`` these customers. ``bare`` are the matrix products.
    """
    torch.set_num_threads(job["threads"])
    drawn: list[tuple[float, int, int]] = []
    draw = Teacher.draw

    def counted(self: Teacher, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is
        began = time.perf_counter()
        batch, future = draw(self, *given, **named)
        drawn.append((began, len(batch.codes), int(batch.lengths.sum())))
        return batch, future

    past = Ledger.of(Workspace(folder.parent / "shop").log, level=2, before=CUT)
    Teacher.draw = counted  # type: ignore[method-assign] # given back below
    try:
        config = PretrainConfig(steps=job["steps"], customers=CUSTOMERS)
        size = BehaviourConfig(width=job["width"], longest=job["length"])
        done = pretrain(past, CUT, model=size, config=config)
    finally:
        Teacher.draw = draw  # type: ignore[method-assign]
    seconds = drawn[-1][0] - drawn[1][0]
    began = time.perf_counter()
    block = read_customers(done.model, past, CUT)
    took = time.perf_counter() - began
    read = cut_sequences(past, done.model.vocabulary, CUT, longest=job["length"])
    lines = sum(int(bucket.at[-1]) for bucket in read)
    found = {
        "train": sum(each for _, each, _ in drawn[1:-1]) / seconds,
        "train_steps": sum(each for _, _, each in drawn[1:-1]) / seconds,
        "embed": lines / took,
        "embed_customers": len(block.customers) / took,
        "bare": bare(width=job["width"], length=job["length"]),
    }
    (folder / "speed.json").write_text(json.dumps(found), encoding="utf-8")


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


def coles(job: dict[str, Any]) -> dict[str, Any]:
    """Return the job of CoLES: slices of the whole length, so that nothing is padding."""
    settings = DEMO | {
        "width": job["width"],
        "longest": job["length"],
        "customers": CUSTOMERS,
        "slice_least": job["length"],
        "slice_most": job["length"],
    }
    return {"what": "speed", "seed": 0, "steps": job["steps"], "settings": settings}


def measured(asked: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Let both take turns, each in its own process, and return what every round gave."""
    job = {"width": asked.width, "length": asked.length, "steps": asked.steps}
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "coles": []}
    with tempfile.TemporaryDirectory() as root:
        shop = Workspace.create(Path(root) / "shop", sources=["complete-journey"])
        shop.ingest()
        (Path(root) / "ours").mkdir()
        (Path(root) / "coles").mkdir()
        events = events_before(Ledger.of(shop.log, level=2), CUT)
        events.write_parquet(Path(root) / "coles/events.parquet")
        shop.close()
        house = Peers(Path(sys.executable), Path(root), threads=asked.threads)
        peers = Peers(asked.python.absolute(), Path(root), threads=asked.threads)
        for _ in range(asked.rounds):
            house.run("peers_speed.py", Path(root) / "ours", job)
            peers.run("peers_coles.py", Path(root) / "coles", coles(job))
            for name, found in rounds.items():
                text = (Path(root) / name / "speed.json").read_text(encoding="utf-8")
                found.append(json.loads(text))
    return rounds


def main() -> None:
    """Let both take turns, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of a job; for this script itself")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", type=Path, default=HOUSE / ".venv-peers/bin/python")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.folder is not None:
        ours(asked.folder, json.loads((asked.folder / "job.json").read_text(encoding="utf-8")))
        return
    rounds = measured(asked)
    mine, other = (
        {key: float(np.median([one[key] for one in rounds[name]])) for key in rounds[name][0]}
        for name in ("ours", "coles")
    )
    told = f"width {asked.width}, length {asked.length}, {asked.threads} threads"
    print(f"{told}, median of {asked.rounds}")
    rows = [
        ("pretraining, events a second", mine["train"], other["train"]),
        ("  CoLES without its loader", mine["train"], other["train_bare"]),
        ("  steps a second", mine["train_steps"], other["train"]),
        ("  bare matrix products, steps a second", mine["train_steps"], mine["bare"]),
        ("embedding, customers a second", mine["embed_customers"], other["embed_customers"]),
        ("  events a second", mine["embed"], other["embed"]),
    ]
    print(f"{'':42s}{'ours':>12s}{'the other':>12s}{'ratio':>9s}")
    for what, one, two in rows:
        print(f"{what:42s}{one:12,.0f}{two:12,.0f}{one / two:9.2f}")
    if asked.json:
        asked.json.write_text(json.dumps({**vars(asked), **rounds}, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
