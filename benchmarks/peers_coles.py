"""CoLES of pytorch-lifestream, run by itself: it learns, describes, and is timed.

This file is run by the interpreter that has the peers (``benchmarks/peers-requirements.txt``),
never by ours: it imports nothing of the house. ``benchmarks/peers.py`` and
``benchmarks/peers_speed.py`` start it with a folder, in which lie ``job.json`` and
``events.parquet`` (sorted by customer and time), and read what it leaves there:
``coles.pt`` and ``vectors-<cut>.npz``, or ``speed.json``.

The settings are those of its demonstration (``demo/coles-emb.ipynb``): embeddings of 16 with noise
of 0.003, a gated recurrent encoder of width 256, five slices of 25 to 200 events of each of 256
customers a batch, contrastive loss with the hardest negatives (its default), Adam with a rate of
0.001 that falls by a tenth in 30 epochs, 15 epochs. Which columns it reads follows its authors'
only retail experiment (``ptls-experiments/scenario_x5/conf/mles_params.yaml``): category levels
and the worth of a line, amounts as logarithms, at most 800 events at inference. The settings
``retail`` take all of that file, which is a matter of hours on two cores. Neither file reads the
calendar in a way that goes on beyond its last day, so it is given gap, weekday and hour.
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from ptls.data_load.augmentations import AllTimeShuffle, DropoutTrx
from ptls.data_load.datasets import AugmentationDataset, MemoryMapDataset, inference_data_loader
from ptls.data_load.iterable_processing import SeqLenFilter
from ptls.frames import PtlsDataModule
from ptls.frames.coles import ColesDataset, CoLESModule
from ptls.frames.coles.losses import ContrastiveLoss
from ptls.frames.coles.sampling_strategies import HardNegativePairSelector
from ptls.frames.coles.split_strategy import SampleSlices
from ptls.frames.inference_module import InferenceModule
from ptls.nn import RnnSeqEncoder, TrxEncoder

DAY_US = 86_400_000_000
CODES = ("kind", "department", "category", "brand")
NUMBERS = ("price", "quantity", "amount", "discount")
MOST_CODES = 800
"""Rarer names share the last number: its codes are sorted by how common they are."""

Record = dict[str, Any]
"""What pytorch-lifestream calls a feature dictionary: one customer, a tensor a column."""


def recorded(events: pd.DataFrame) -> tuple[list[Record], dict[str, Any]]:
    """Return the customers' events in its format, and which columns its encoder reads."""
    columns: dict[str, np.ndarray] = {}
    embeddings: dict[str, dict[str, int]] = {}
    for name in CODES:
        known = events[name].to_numpy()
        values, counts = np.unique(known, return_counts=True)
        if len(values) < 2:
            continue
        # Number 1 is the commonest; 0 is padding, as its FrequencyEncoder has it.
        rank = np.empty(len(values), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(1, len(values) + 1)
        columns[name] = np.minimum(rank[np.searchsorted(values, known)], MOST_CODES - 1)
        embeddings[name] = {"in": min(len(values) + 1, MOST_CODES), "out": 16}
    numeric = {}
    for name in NUMBERS:
        values = events[name].to_numpy(np.float32)
        if np.isfinite(values).any() and np.nanstd(values) > 0:
            columns[name] = np.nan_to_num(values)
            numeric[name] = "log"
    time_us = events["time_us"].to_numpy()
    customer = events["customer"].to_numpy()
    first = np.r_[True, customer[1:] != customer[:-1]]
    columns["gap"] = np.where(first, 0, np.diff(time_us, prepend=time_us[:1])) / DAY_US
    columns["gap"] = columns["gap"].astype(np.float32)
    numeric["gap"] = "log"
    columns["weekday"] = time_us // DAY_US % 7 + 1
    columns["hour"] = time_us % DAY_US // (DAY_US // 24) + 1
    embeddings |= {"weekday": {"in": 8, "out": 16}, "hour": {"in": 25, "out": 16}}
    columns["event_time"] = time_us
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(customer))
    tensors = {name: torch.from_numpy(values) for name, values in columns.items()}
    records = [
        {"customer": int(customer[start])}
        | {name: values[start:end] for name, values in tensors.items()}
        for start, end in zip(starts, ends, strict=True)
    ]
    return records, {"embeddings": embeddings, "numeric_values": numeric}


def before(records: list[Record], cut_us: int) -> list[Record]:
    """Return the customers with what they had done strictly before a cut, if anything."""
    found = []
    for record in records:
        count = int(torch.searchsorted(record["event_time"], cut_us))
        if count:
            found.append(
                {
                    name: values[:count] if torch.is_tensor(values) else values
                    for name, values in record.items()
                }
            )
    return found


def module_of(read: dict[str, Any], settings: dict[str, Any]) -> CoLESModule:
    """Return its model with these settings; whatever is left out is its own default."""
    encoder = RnnSeqEncoder(
        trx_encoder=TrxEncoder(embeddings_noise=0.003, **read),
        hidden_size=settings["width"],
        type="gru",
    )
    loss = ContrastiveLoss(
        margin=0.5, sampling_strategy=HardNegativePairSelector(neg_count=settings["negatives"])
    )
    return CoLESModule(
        seq_encoder=encoder,
        loss=loss,
        optimizer_partial=partial(torch.optim.Adam, lr=settings["rate"]),
        lr_scheduler_partial=partial(
            torch.optim.lr_scheduler.StepLR, step_size=settings["step"], gamma=settings["gamma"]
        ),
    )


def loader_of(records: list[Record], settings: dict[str, Any]) -> torch.utils.data.DataLoader:
    """Return what gives it batches of slices."""
    data = MemoryMapDataset(records, i_filters=[SeqLenFilter(min_seq_len=settings["least"])])
    if settings["augment"]:
        data = AugmentationDataset(
            data, f_augmentations=[AllTimeShuffle(), DropoutTrx(trx_dropout=0.01)]
        )
    slices = SampleSlices(
        split_count=5, cnt_min=settings["slice_least"], cnt_max=settings["slice_most"]
    )
    return PtlsDataModule(
        train_data=ColesDataset(data, splitter=slices), train_batch_size=settings["customers"]
    ).train_dataloader()


def trainer_of(**more: Any) -> pl.Trainer:  # noqa: ANN401 - whatever it takes
    """Return a trainer that writes nothing and says nothing."""
    quiet = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    return pl.Trainer(accelerator="cpu", enable_progress_bar=False, **quiet, **more)


def vectors_of(
    module: CoLESModule, records: list[Record], *, longest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes of customers (N,) and their vectors (N, D), by its inference module."""
    loader = inference_data_loader(records, max_seq_len=longest, batch_size=256)
    # Its loader drops ids, without which its data frames cannot be made: so rows stay in order.
    found = trainer_of().predict(InferenceModule(module, pandas_output=False), loader)
    customers = np.array([record["customer"] for record in records], np.int64)
    return customers, torch.cat([each["out"] for each in found]).numpy()


def learn(folder: Path, job: dict[str, Any]) -> None:
    """Learn once from all events of the folder, then describe everybody at each cut."""
    settings = job["settings"]
    records, read = recorded(pd.read_parquet(folder / "events.parquet"))
    pl.seed_everything(job["seed"], verbose=False)
    module = module_of(read, settings)
    kept = folder / "coles.pt"
    if kept.is_file():
        module.load_state_dict(torch.load(kept, weights_only=True))
    else:
        began = time.perf_counter()
        loader = loader_of(records, settings)
        trainer_of(max_epochs=settings["epochs"]).fit(module, loader)
        took = time.perf_counter() - began
        torch.save(module.state_dict(), kept)
        print(f"CoLES learned in {took:.0f} s, {settings['epochs']} epochs", flush=True)
    for cut_us in job["cuts_us"]:
        customers, vectors = vectors_of(
            module, before(records, cut_us), longest=settings["longest"]
        )
        np.savez(folder / f"vectors-{cut_us}.npz", customers=customers, vectors=vectors)


def slices_of(loader: torch.utils.data.DataLoader, steps: int) -> Iterator[Any]:
    """Go through so many batches, from the beginning again if there are fewer."""
    done = 0
    while True:
        for batch in loader:
            if done == steps:
                return
            done += 1
            yield batch


def speed(folder: Path, job: dict[str, Any]) -> None:
    """Time learning and describing, and write events a second.

    ``train`` is its whole step with its own loader, ``train_bare`` the step alone on batches that
    were made before; ``embed`` its inference module from records to vectors.
    """
    settings, steps = job["settings"], job["steps"]
    records, read = recorded(pd.read_parquet(folder / "events.parquet"))
    pl.seed_everything(job["seed"], verbose=False)
    module = module_of(read, settings)
    loader = loader_of(records, settings)
    (optimiser,), _ = module.configure_optimizers()

    def step(batch: Any) -> int:  # noqa: ANN401 - its own batch
        loss = module._loss(*module.shared_step(*batch))  # noqa: SLF001 - what its trainer calls
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return int(batch[0].seq_lens.sum())

    module.train()
    step(next(iter(loader)))
    began, events = time.perf_counter(), 0
    for batch in slices_of(loader, steps):
        events += step(batch)
    train = events / (time.perf_counter() - began)
    batches = list(slices_of(loader, steps))
    began = time.perf_counter()
    events = sum(step(batch) for batch in batches)
    bare = events / (time.perf_counter() - began)
    module.eval()
    taken = sum(min(len(record["event_time"]), settings["longest"]) for record in records)
    for _ in range(2):  # the first warms up
        began = time.perf_counter()
        vectors_of(module, records, longest=settings["longest"])
        took = time.perf_counter() - began
    found = {"train": train, "train_bare": bare, "embed": taken / took}
    found |= {"embed_customers": len(records) / took, "embed_seconds": took}
    (folder / "speed.json").write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    """Do the job of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    warnings.filterwarnings("ignore")
    (speed if job["what"] == "speed" else learn)(folder, job)


if __name__ == "__main__":
    main()
