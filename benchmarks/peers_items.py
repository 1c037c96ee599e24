"""ALS of implicit and SASRec of RecTools, run by themselves: they learn, and rank items.

This file is run by the interpreter that has the peers (``benchmarks/peers-requirements.txt``),
never by ours: it imports nothing of the house. ``benchmarks/peers.py`` starts it with a folder, in
which lie ``job.json``, ``events.parquet`` (sorted by customer and time), ``validation.npz`` and
``test.npz``; it leaves ``ranked.npz`` there: items (N, K) and scores, the best first, -1 for none.

Both choose their settings by NDCG@10 on the validation window, as our own methods do, and learn
again from everything before the test cut. ALS (Hu, Koren, Volinsky 2008): its defaults (15 rounds,
regularisation 0.01); with its 100 factors how steeply a pair's evidence raises the confidence and
whether it fades, then how many factors. SASRec (Kang, McAuley 2018): RecTools' defaults, which are
what its documentation recommends (2 blocks, 4 heads, softmax, Adam with a rate of 0.001, 128
customers a batch), but for what would need hours on two cores: width 128 in place of 256, the last
50 events in place of 100 (the paper itself has width 50), and a softmax over the
commonest items only. After how many epochs it stops is chosen.
"""

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import scipy.sparse
import torch
from implicit.als import AlternatingLeastSquares
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

DAY_US = 86_400_000_000
DISCOUNT = 1.0 / np.log2(np.arange(2, 12))
JUDGES = 1000
"""A setting is judged by so many customers at most, as our own choices are."""

Answer = tuple[np.ndarray, np.ndarray]
"""Items (N, K), the best first, and scores (N, K)."""


def ndcg(ranked: np.ndarray, truth_at: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean NDCG@10 of the customers who took something, over all items."""
    gains = []
    for row, (start, end) in enumerate(itertools.pairwise(truth_at)):
        if end > start:
            hits = np.isin(ranked[row, :10], truth[start:end])
            gains.append(hits @ DISCOUNT / DISCOUNT[: min(10, end - start)].sum())
    return float(np.mean(gains)) if gains else 0.0


def als(events: pd.DataFrame, cut_us: int, asked: np.ndarray, job: dict, chosen: dict) -> Answer:
    """Learn from all events before a cut, and rank for the customers asked."""
    age = (cut_us - events["time_us"].to_numpy()) / DAY_US
    weight = chosen["alpha"] * 0.5 ** (age / chosen["half_life_days"])
    shape = (job["customers"], job["items"])
    pairs = (events["customer"].to_numpy(), events["item"].to_numpy())
    matrix = scipy.sparse.csr_matrix((weight.astype(np.float32), pairs), shape=shape)
    matrix.sum_duplicates()
    model = AlternatingLeastSquares(
        factors=chosen["factors"], num_threads=job["threads"], random_state=job["seed"]
    )
    model.fit(matrix, show_progress=False)
    items, scores = model.recommend(
        asked, matrix[asked], N=job["most"], filter_already_liked_items=False
    )
    # Of whom nothing is known there is nothing to say.
    items[np.diff(matrix[asked].indptr) == 0] = -1
    return items, scores


def als_tried(
    events: pd.DataFrame, job: dict, judge: Callable[[np.ndarray], float]
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Try settings of ALS on the validation window, those that matter most first."""

    def told(setting: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        ranked, _ = als(events, job["validation_us"], job["judges"], job, setting)
        return judge(ranked), setting

    half_lives = [job["horizon_days"], 4 * job["horizon_days"], 1e9]
    both = itertools.product((1.0,) if job["quick"] else (0.1, 1.0, 10.0), half_lives)
    found = [told({"factors": 100, "alpha": alpha, "half_life_days": on}) for alpha, on in both]
    yield from found
    if not job["quick"]:
        _, best = max(found, key=lambda one: one[0])
        yield from (told({**best, "factors": factors}) for factors in (256, 512))


def sequences(events: pd.DataFrame, job: dict) -> Dataset:
    """Return the events of the commonest items in RecTools' format."""
    counts = events["item"].value_counts()
    common = counts.index[: job["softmax_items"]]
    kept = events[events["item"].isin(common)]
    frame = pd.DataFrame(
        {
            Columns.User: kept["customer"].to_numpy(),
            Columns.Item: kept["item"].to_numpy(),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(kept["time_us"].to_numpy(), unit="us"),
        }
    )
    return Dataset.construct(frame)


def shown(model: SASRecModel, data: Dataset, asked: np.ndarray, most: int) -> Answer:
    """Return what SASRec shows to the customers asked; nothing to those it does not know."""
    items = np.full((len(asked), most), -1, np.int64)
    scores = np.zeros((len(asked), most), np.float32)
    known = asked[np.isin(asked, data.user_id_map.external_ids)]
    found = model.recommend(
        known, data, k=most, filter_viewed=False, on_unsupported_targets="ignore"
    )
    row = np.searchsorted(asked, found[Columns.User].to_numpy())
    place = found[Columns.Rank].to_numpy() - 1
    items[row, place] = found[Columns.Item].to_numpy()
    scores[row, place] = found[Columns.Score].to_numpy()
    return items, scores


def sasrec(
    events: pd.DataFrame, asked: np.ndarray, job: dict, *, epochs: list[int]
) -> Iterator[tuple[int, Answer]]:
    """Learn, and tell after each of so many epochs what would be shown."""
    data = sequences(events, job)
    pl.seed_everything(job["seed"], verbose=False)
    model = SASRecModel(
        epochs=epochs[0], n_factors=job["width"], session_max_len=job["length"], verbose=0
    )
    done = 0
    for until in epochs:
        began = time.perf_counter()
        if not done:
            model.fit(data)
        else:
            model.fit_partial(data, min_epochs=until - done, max_epochs=until - done)
        done = until
        print(f"SASRec: {until} epochs, {time.perf_counter() - began:.0f} s more", flush=True)
        yield until, shown(model, data, asked, job["most"])


def work(folder: Path, job: dict) -> dict[str, Any]:
    """Choose on the validation window, learn again, and leave the ranking; tell what was chosen."""
    events = pd.read_parquet(folder / "events.parquet")
    judges, test = np.load(folder / "validation.npz"), np.load(folder / "test.npz")["customers"]
    asked, at, truth = judges["customers"], judges["truth_at"], judges["truth"]
    asked, at = asked[:JUDGES], at[: JUDGES + 1]
    job["judges"] = asked
    tried: list[tuple[float, dict[str, Any]]] = []
    for source in job["sources"]:
        told = events if source == "all" else events[events["deed"]]
        early = told[told["time_us"] < job["validation_us"]]
        if job["what"] == "als":
            found = als_tried(early, job, partial(ndcg, truth_at=at, truth=truth))
        else:
            shows = sasrec(early, asked, job, epochs=job["epochs"])
            found = ((ndcg(items, at, truth), {"epochs": on}) for on, (items, _) in shows)
        tried += [(value, {"source": source, **setting}) for value, setting in found]
    best, chosen = max(tried, key=lambda one: one[0])
    told = events if chosen["source"] == "all" else events[events["deed"]]
    if job["what"] == "als":
        items, scores = als(told, job["cut_us"], test, job, chosen)
    else:
        ((_, (items, scores)),) = sasrec(told, test, job, epochs=[chosen["epochs"]])
    np.savez(folder / "ranked.npz", items=items.astype(np.int64), scores=scores)
    return {"chosen": chosen, "validation_ndcg": best, "tried": tried}


def main() -> None:
    """Do the job of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    warnings.filterwarnings("ignore")
    found = work(folder, job)
    (folder / "chosen.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
