"""How fast ours and CoLES learn and describe, side by side, with the same width and length.

Both learn from the Complete Journey up to 2017-12-01 and take turns. An event is a line of the log;
ours reads the lines of one order as one step of its recurrence, CoLES each line as a step, so the
steps a second are told too. CoLES (pytorch-lifestream) is timed as it is used, with its own loader,
and on batches that were made before (*bare*). Described are all customers from their newest lines,
``--length`` of each and the same for both: its inference module is handed them in its own format,
and ours in its own; what it takes to read them out of the log is told beside. The bare products are
those of matrices in one step of our learning, forward and backward, of the same shapes and in the
same order, and nothing else: ``--width 256`` shows a model that is more products and less of all
else.

``python benchmarks/peers_speed.py [--width 64] [--length 256] [--threads 2]``; the peers live in an
environment of their own, see ``benchmarks/peers.py``.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from limner import Workspace
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.model.behaviour import BehaviourConfig
from limner.model.reading import read_batches
from limner.training.pretraining import PretrainConfig, pretrain
from limner.training.teacher import Teacher
from peers_methods import DEMO, Peers, events_before

HOUSE = Path(__file__).parents[1]
CUT = datetime.fromisoformat("2017-12-01T00:00:00+00:00")
CUSTOMERS, MOMENTS = 64, 8
"""Customers of one batch of both: ours are looked at in so many moments, CoLES in five slices."""
STEPS_LOOKED_AT = 5
"""Of so many steps of learning the products are counted."""


def ours(folder: Path, job: dict[str, Any]) -> None:
    """Time our own pretraining and our own embedding, in a process of its own as CoLES has.

    ``train`` counts events a second from the second batch to the last, ``train_steps`` the steps
    of the recurrence; ``embed`` the events of everybody, ``embed_customers`` these customers, and
    ``embed_from_log`` the same with reading them out of the log. ``products`` is the share of a
    step of learning that the bare products of its matrices would take.
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
    size = BehaviourConfig(width=job["width"], longest=job["length"])
    config = PretrainConfig(steps=job["steps"], customers=CUSTOMERS, moments=MOMENTS)
    try:
        done = pretrain(past, CUT, model=size, config=config)
    finally:
        Teacher.draw = draw  # type: ignore[method-assign]
    seconds = drawn[-1][0] - drawn[1][0]
    steps = len(drawn) - 2
    newest = Ledger.of(Workspace(folder.parent / "newest").log, level=2, before=CUT)
    began = time.perf_counter()
    read = list(cut_sequences(newest, done.model.vocabulary, CUT, longest=job["length"]))
    of_log = time.perf_counter() - began
    for _ in range(2):  # the first warms up
        began = time.perf_counter()
        customers = sum(len(codes) for codes, _, _ in read_batches(done.model, read, CUT))
        took = time.perf_counter() - began
    found = {
        "train": sum(each for _, each, _ in drawn[1:-1]) / seconds,
        "train_steps": sum(each for _, _, each in drawn[1:-1]) / seconds,
        "embed": sum(int(bucket.at[-1]) for bucket in read) / took,
        "embed_customers": customers / took,
        "embed_from_log": customers / (took + of_log),
        "products": bare(products_of(past, size, config)) / (seconds / steps),
    }
    (folder / "speed.json").write_text(json.dumps(found), encoding="utf-8")


Shapes = list[tuple[torch.Size, torch.Size]]


class Products(TorchDispatchMode):
    """Writes down the shapes of all products of matrices, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: Shapes = []

    def __torch_dispatch__(
        self,
        what: Any,  # noqa: ANN401 - all of it is torch's own
        kinds: Any,  # noqa: ANN401
        given: Sequence[Any] = (),
        named: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Look at one operation, and let it happen."""
        name = what.overloadpacket.__name__
        if name in {"mm", "bmm", "addmm", "baddbmm"}:
            one, other = given[-2:]
            self.shapes.append((one.shape, other.shape))
        return what(*given, **(named or {}))


def products_of(past: Ledger, size: BehaviourConfig, config: PretrainConfig) -> list[Shapes]:
    """Return the shapes of the products of some steps of learning, a list a step."""
    found: list[Shapes] = []
    with Products() as products:

        def next_step(_what: str, _share: float) -> None:
            found.append(products.shapes)
            products.shapes = []

        few = {"steps": STEPS_LOOKED_AT, "examine_every": STEPS_LOOKED_AT + 1}
        pretrain(past, CUT, model=size, config=config.model_copy(update=few), progress=next_step)
    return found


def bare(steps: list[Shapes]) -> float:
    """Return the seconds that the products of a step take, on average."""
    matrices = {shape: torch.randn(shape) for step in steps for pair in step for shape in pair}
    with torch.inference_mode():
        for _ in range(2):
            began = time.perf_counter()
            for step in steps:
                for one, other in step:
                    torch.matmul(matrices[one], matrices[other])
            took = time.perf_counter() - began
    return took / len(steps)


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
        raw = shop.log.scan().filter(pl.col("time") < CUT).collect()
        newest = raw.sort("customer_id", "time", maintain_order=True)
        newest = newest.group_by("customer_id", maintain_order=True).tail(asked.length)
        newest.write_parquet(Path(root) / "newest.parquet")
        few = Workspace.create(Path(root) / "newest")
        few.ingest(str(Path(root) / "newest.parquet"))
        events = events_before(Ledger.of(shop.log, level=2), CUT)
        events.write_parquet(Path(root) / "coles/events.parquet")
        shop.close()
        few.close()
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
        ("embedding, customers a second", mine["embed_customers"], other["embed_customers"]),
        ("  ours with reading the log", mine["embed_from_log"], other["embed_customers"]),
        ("  events a second", mine["embed"], other["embed"]),
    ]
    print(f"{'':42s}{'ours':>12s}{'the other':>12s}{'ratio':>9s}")
    for what, one, two in rows:
        print(f"{what:42s}{one:12,.0f}{two:12,.0f}{one / two:9.2f}")
    print(f"{'bare products, share of a step':66s}{mine['products']:9.2f}")
    if asked.json:
        asked.json.write_text(json.dumps({**vars(asked), **rounds}, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
