"""The peers as methods of ours: each asks another interpreter, and answers to our questions.

Peers need versions of numpy and pandas that ours does not run with, so they live in an environment
of their own, and every peer is a child process that reads and leaves arrays in a folder. What a
child left is kept, under a name made of everything it depends on.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.amounts import learn_amount
from limner.heads.blockwise import learn_binary
from limner.heads.features import automatic_block, column_places
from limner.heads.item_ranking import rank_pairs
from limner.heads.item_shelf import shelf_at, truth_of
from limner.heads.stacked import StackedHead, boosted_only, few_boosted
from limner.heads.study import Learned, Ranked, Sample, Study

__all__ = ["DEMO", "RETAIL", "Als", "Coles", "Peers", "SasRec", "events_before"]

Ints = NDArray[np.int64]
Features = NDArray[np.float32]

DEMO: dict[str, Any] = {
    "width": 256,
    "negatives": 5,
    "rate": 0.001,
    "step": 30,
    "gamma": 0.9,
    "least": 25,
    "slice_least": 25,
    "slice_most": 200,
    "customers": 64,
    "epochs": 15,
    "augment": False,
    "longest": 800,
}
"""CoLES as its demonstration has it (``demo/coles-emb.ipynb`` of pytorch-lifestream), but with 64
customers a batch, as its authors take for their published figures
(``scenario_age_pred/conf/mles_params.yaml`` of ptls-experiments): of 2,500 customers 15 epochs of
256 would be only 150 steps."""

RETAIL: dict[str, Any] = {
    "width": 800,
    "negatives": 9,
    "rate": 0.002,
    "step": 3,
    "gamma": 0.9025,
    "least": 30,
    "slice_least": 30,
    "slice_most": 180,
    "customers": 256,
    "epochs": 30,
    "augment": True,
    "longest": 800,
}
"""CoLES as its authors set it for their retail data of 400,000 customers
(``scenario_x5/conf/mles_params.yaml`` of ptls-experiments)."""

VERSION = 2
"""Of what the recommenders may choose from: what an older one left is not used again."""

SOFTMAX_ITEMS = 5000
"""The softmax of SASRec goes over so many of the commonest items at most."""

SASREC = {"width": 128, "length": 50}
"""How wide SASRec is, and how many of the last events it reads: half of RecTools' defaults."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the peers live and where they leave what they learned.

    ``python`` is the interpreter of their environment, ``folder`` what is kept, ``threads`` how
    many each may use; ``quick`` asks them to learn hardly anything, to see whether they run.
    ``sasrec_steps`` is how many batches SASRec may learn from: 300 take four minutes of one core.
    """

    python: Path
    folder: Path
    threads: int = 1
    quick: bool = False
    sasrec_steps: int = 300

    def place(self, study: Study, job: dict[str, Any]) -> Path:
        """Return the folder of a job: its name tells all that the outcome depends on."""
        told = {
            **job,
            "cut": study.plan.test.cut.isoformat(),
            "rows": study.ledger.rows,
            "first": study.ledger.first.isoformat(),
            "last": study.ledger.last.isoformat(),
            "customers": len(study.ledger),
            "names": study.ledger.customers[:100].tolist(),
        }
        text = json.dumps(told, sort_keys=True)
        name = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        return self.folder / f"{job['what']}-{study.plan.test.cut:%Y%m%d}-{job['seed']}-{name}"

    def run(self, script: str, folder: Path, job: dict[str, Any]) -> None:
        """Let a peer do a job in its folder."""
        text = json.dumps({**job, "threads": self.threads})
        (folder / "job.json").write_text(text, encoding="utf-8")
        threads = str(self.threads)
        environment = os.environ | {
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            # Large buffers are used again rather than given back: a fifth of its time on two cores.
            "MALLOC_MMAP_MAX_": "0",
            "MALLOC_TRIM_THRESHOLD_": "100000000000",
            "MALLOC_TOP_PAD_": "500000000",
        }
        if self.python != Path(sys.executable):
            environment.pop("PYTHONPATH", None)
        program = Path(__file__).with_name(script)
        done = subprocess.run(
            [str(self.python), str(program), str(folder)],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{script} failed in {folder}:\n{done.stderr[-3000:]}")
        for line in done.stdout.splitlines():
            if line.strip():
                print(f"   {line}", flush=True)


def events_before(study_ledger: Any, cut: datetime) -> pl.DataFrame:  # noqa: ANN401 - a ledger
    """Return all events strictly before a cut, sorted by customer and time, names as codes."""
    codes = [
        pl.col(name).cast(pl.Int64).fill_null(-1)
        for name in ("kind", "department", "category", "brand", "item")
    ]
    numbers = [
        pl.col(name).cast(pl.Float32) for name in ("price", "quantity", "amount", "discount")
    ]
    parts = [
        part.filter(pl.col("time") < cut).select(
            pl.col("customer").cast(pl.Int64),
            pl.col("time").dt.timestamp("us").alias("time_us"),
            *codes,
            *numbers,
        )
        for _, _, part in study_ledger.parts()
    ]
    return pl.concat(parts)


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


class Coles:
    """Frozen vectors of pytorch-lifestream's CoLES, and boosted trees upon them.

    It learns once from all events before the test cut, without labels, and describes everybody at
    the cuts of the study. The trees are those that the hand-made columns have too, one model a
    class for ``which``. Tried on the validation cut of December and worse: the trees of its authors
    (``embeddings_validation`` of ptls-experiments: 1,000 of 50 leaves; AUROC of staying away 0.771
    against 0.780), and one model pooled over the classes (mean AUROC 0.709 against 0.731).

    Parameters
    ----------
    recency
        Whether the trees also see how many days ago the customer was first and last there: a slice
        of a sequence does not know what day it is asked.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def __init__(self, peers: Peers, settings: dict[str, Any], *, recency: bool = False) -> None:
        self.peers, self.recency = peers, recency
        self.settings = {**settings, "epochs": 1} if peers.quick else settings

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn trees on the vectors of the training cuts."""
        if study.question.shape in ("how_many", "how_much"):
            return learn_amount(study, train, validation, block=self._block, heads=boosted_only)
        heads = few_boosted if study.question.shape == "which" else boosted_only
        most = self.settings["width"] + 2
        make = partial(StackedHead, "binary", heads=heads, most_columns=most, seed=study.seed)
        return learn_binary(study, train, validation, block=self._block, make=make)

    def _block(self, study: Study, window: Window, customers: Ints) -> Features:
        """Return the vectors of N customers at a cut, NaN where there was nothing to read."""
        known, vectors = study.desk.once(
            ("coles", window.cut, json.dumps(self.settings), study.seed),
            lambda: self._vectors(study, window.cut),
        )
        place = np.minimum(np.searchsorted(known, customers), len(known) - 1)
        found = np.where((known[place] == customers)[:, None], vectors[place], np.nan)
        if not self.recency:
            return found
        columns = column_places(study, ("days since order", "days since first"))
        return np.hstack([found, automatic_block(study, window, customers)[:, columns]])

    def _vectors(self, study: Study, cut: datetime) -> tuple[Ints, Features]:
        job = {"what": "coles", "seed": study.seed, "settings": self.settings}
        folder = self.peers.place(study, job)
        file = folder / f"vectors-{_microseconds(cut)}.npz"
        if not file.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "events.parquet").is_file():
                events = events_before(study.ledger, study.plan.test.cut)
                events.write_parquet(folder / "events.parquet")
            windows = (*study.plan.learnable, study.plan.test)
            cuts = sorted({_microseconds(one) for one in (cut, *(w.cut for w in windows))})
            missing = [one for one in cuts if not (folder / f"vectors-{one}.npz").is_file()]
            self.peers.run("peers_coles.py", folder, {**job, "cuts_us": missing})
        with np.load(file) as kept:
            return kept["customers"], kept["vectors"]


class _Items:
    """What both recommenders share: they are handed events and judges, and leave a ranking."""

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})
    what: ClassVar[str]

    def __init__(self, peers: Peers) -> None:
        self.peers = peers

    def settings(self, learners: int) -> dict[str, Any]:
        """Return what this one is told beside what both are told; ``learners`` had events."""
        del learners
        return {}

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank for N customers at a cut; after what the peer shows comes what is popular."""
        validation, deeds = study.plan.validation, study.question.deeds
        events = _item_events(study, window.cut)
        share = float(events["deed"].mean())  # type: ignore[arg-type] # there are events
        job = {
            "what": self.what,
            "version": VERSION,
            "seed": study.seed,
            "quick": self.peers.quick,
            "question": repr((deeds, study.question.among_days, study.question.active)),
            "asked": hashlib.blake2b(customers.tobytes(), digest_size=6).hexdigest(),
            "most": most,
            "customers": len(study.ledger),
            "items": len(study.ledger.items),
            "horizon_days": study.plan.test.horizon_days,
            "validation_us": _microseconds(validation.cut),
            "cut_us": _microseconds(window.cut),
            # Other kinds of event are evidence too, where there are enough of them.
            "sources": ["deeds"] if share > 0.9 else ["all", "deeds"],
            **self.settings(int(events["customer"].n_unique())),
        }
        folder = self.peers.place(study, job)
        if not (folder / "ranked.npz").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            events.write_parquet(folder / "events.parquet")
            truth = truth_of(study, validation)
            np.savez(
                folder / "validation.npz",
                customers=truth.customers,
                truth_at=truth.at,
                truth=truth.items,
            )
            np.savez(folder / "test.npz", customers=customers)
            self.peers.run("peers_items.py", folder, job)
        chosen = json.loads((folder / "chosen.json").read_text(encoding="utf-8"))
        print(f"   {self.what}: {chosen['chosen']}, {chosen['validation_ndcg']:.4f} on validation")
        with np.load(folder / "ranked.npz") as kept:
            items, scores = kept["items"], kept["scores"]
        there = items >= 0
        owners = np.nonzero(there)[0]
        return rank_pairs(
            owners,
            items[there],
            scores[there].astype(np.float32),
            np.zeros(len(owners), np.int8),
            customers=len(customers),
            popular=shelf_at(study, window).popular(2),
            most=most,
            reason_names=(self.what, "popularity"),
        )


class Als(_Items):
    """Alternating least squares of the package implicit."""

    what: ClassVar[str] = "als"


class SasRec(_Items):
    """The transformer SASRec of RecTools."""

    what: ClassVar[str] = "sasrec"

    def settings(self, learners: int) -> dict[str, Any]:
        """Return after how many epochs it may stop, and over how many items it learns."""
        most = max(1, self.peers.sasrec_steps // -(-learners // 128))
        epochs = sorted({max(1, most // part) for part in (8, 4, 2, 1)})
        epochs = [1] if self.peers.quick else epochs
        return {"epochs": epochs, "softmax_items": SOFTMAX_ITEMS, **SASREC}


def _item_events(study: Study, cut: datetime) -> pl.DataFrame:
    """Return the events with an item before a cut, and whether the question asks about them."""
    ledger, deeds = study.ledger, study.question.deeds
    spoken = [kind for kind in range(len(ledger.kinds)) if ledger.kinds[kind] != "message"]
    parts = [
        part.filter(
            (pl.col("time") < cut) & pl.col("item").is_not_null() & pl.col("kind").is_in(spoken)
        ).select(
            pl.col("customer").cast(pl.Int64),
            pl.col("item").cast(pl.Int64),
            pl.col("time").dt.timestamp("us").alias("time_us"),
            deeds.among(ledger).alias("deed"),
        )
        for _, _, part in ledger.parts()
    ]
    return pl.concat(parts)
