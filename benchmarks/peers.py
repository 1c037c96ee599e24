"""Ours beside the peers: the same questions, customers and cuts, in one run.

``coles`` is pytorch-lifestream's CoLES with boosted trees on its vectors, ``coles_recency`` the
same with the days since the first and the last order beside them; ``als`` is implicit's,
``sasrec`` RecTools'. Whatever else is named is a method of ours. Every figure is pooled over cuts
and seeds, with 95 % intervals over customers (``benchmarks/pooling.py``), and so is how far the
methods ``--held`` lie above each other one.

The peers live in an environment of their own, for they need an older numpy::

    python -m venv .venv-peers
    .venv-peers/bin/pip install -r benchmarks/peers-requirements.txt
    python benchmarks/peers.py --shops complete_journey --keep /tmp/peers --json peers.json

With ``--keep`` what the peers learned is used again: only ours runs anew. ``--quick`` lets them
learn hardly anything, to see whether all of it runs; its figures mean nothing.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from limner import Workspace, plugins
from limner.cli.tuning import learning_of
from limner.errors import TooFew
from limner.heads import methods as method_folder
from limner.heads.answers import Answers, Rankings
from limner.heads.study import Study
from limner.training.desks import Desks
from limner.training.evaluate import put_question
from limner.training.scoring import score
from peers_methods import DEMO, RETAIL, Als, Coles, Peers, SasRec
from pooling import pool, table
from shops import SHOPS

HOUSE = Path(__file__).parents[1]
CUTS = {
    "complete_journey": ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01"),
    "online_retail": (SHOPS["online_retail"].cut,),
    "taobao": (SHOPS["taobao"].cut,),
}
QUESTIONS = {
    "complete_journey": ("churn", "spend", "category", "age", "income", "kids", "next_item"),
    "online_retail": ("next_item",),
    "taobao": ("purchase", "next_item"),
}
ASKED = ("hand_made", "automatic", "fused", "coles", "coles_recency")
RANKED = (
    "popularity",
    "own_frequency",
    "item_to_item",
    "ease",
    "reranked",
    "fused",
    "als",
    "sasrec",
)

Told = Answers | Rankings
Frames = dict[tuple[str, str], list[tuple[int, Told]]]
"""By shop and question: a seed and what was answered with it at a cut."""


def methods_of(names: Sequence[str], peers: Peers, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the methods by name, the peers' among them."""
    made = {
        "coles": lambda: Coles(peers, dict(settings)),
        "coles_recency": lambda: Coles(peers, dict(settings), recency=True),
        "als": lambda: Als(peers),
        "sasrec": lambda: SasRec(peers),
    }
    return {
        name: made[name]() if name in made else plugins.load(method_folder, name)()
        for name in names
    }


def put(study: Study, methods: Mapping[str, Any], keep: Path) -> Told | None:
    """Put a question to every method that can answer its shape; none if nobody can."""
    found: Told | None = None
    said: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for name, method in methods.items():
        if study.question.shape not in method.shapes:
            continue
        began = time.perf_counter()
        kept = _kept(study, name, method, keep)
        if kept is not None and kept.is_file():
            with np.load(kept) as file:
                said[name], seconds[name] = file["said"], float(file["seconds"])
            continue
        told, declined = put_question(study, {name: method})
        if declined:
            print(f"   {study.name}: {name} declines: {declined[name]}")
            continue
        found = told
        said[name] = (told.top if isinstance(told, Rankings) else told.predictions)[name]
        seconds[name] = time.perf_counter() - began
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, said=said[name], seconds=seconds[name])
    if not said:
        return None
    if found is None:
        found, _ = put_question(study, {"base": plugins.load(method_folder, "base")()})
    if isinstance(found, Rankings):
        return replace(found, top=said, seconds=seconds)
    return replace(found, predictions=said, seconds=seconds)


def _kept(study: Study, name: str, method: object, keep: Path) -> Path | None:
    """Return where the answers of CoLES are kept, whose trees take minutes; none for the others."""
    if not isinstance(method, Coles):
        return None
    place = method.peers.place(study, {"what": name, "seed": study.seed, **method.settings})
    asked = repr((study.question.model_dump(), study.asked(study.plan.test).tolist()))
    digest = hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()
    return keep / "answers" / f"{place.name}-{study.name}-{digest}.npz"


def examine(name: str, asked: argparse.Namespace, peers: Peers, frames: Frames) -> None:
    """Ask all questions of one shop at all cuts with all seeds."""
    with tempfile.TemporaryDirectory() as folder:
        shop = SHOPS[name]
        workspace = Workspace.create(Path(folder) / name, name=name)
        settings = f'[shop]\nname = "{name}"\n{shop.questions}\n'
        (workspace.folder / "limner.toml").write_text(settings, encoding="utf-8")
        workspace = Workspace(workspace.folder)
        workspace.ingest(shop.source)
        level = workspace.settings.fit.category_steps
        for seed in asked.seeds:
            desks = Desks(workspace.log, dict(workspace.questions), seed, None, level)
            learning = learning_of(workspace, seed=seed)
            for cut in asked.cuts or CUTS[name]:
                at = datetime.fromisoformat(f"{cut}T00:00:00+00:00")
                if learning is not None and "fused" in (asked.methods or (*ASKED, *RANKED)):
                    learning.prepare(desks, [at], ["fused"])
                for question in asked.questions or QUESTIONS[name]:
                    if question not in workspace.questions:
                        continue
                    ranked = workspace.questions[question].shape == "what_next"
                    names = asked.methods or (RANKED if ranked else ASKED)
                    methods = methods_of(names, peers, RETAIL if asked.retail else DEMO)
                    try:
                        told = put(desks.study(question, at), methods, peers.folder)
                    except TooFew as refusal:
                        print(f"   {name}, {question} at {cut}: {refusal.message}")
                        continue
                    if told is not None:
                        frames.setdefault((name, question), []).append((seed, told))
                        print(_line(name, seed, told), flush=True)
        workspace.close()


def _line(shop: str, seed: int, told: Told) -> str:
    """Return the values at one cut with one seed, and how long each method took."""
    values = pool([(seed, told)], resamples=0).values
    said = ", ".join(
        f"{name} {value:.4f} ({told.seconds[name]:.0f} s)" for name, value in values.items()
    )
    return f"{shop} {told.question} {told.cut:%Y-%m-%d} seed {seed}: {said}"


def main() -> None:
    """Read what is asked, ask it, and print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="+", default=list(CUTS), choices=list(CUTS))
    parser.add_argument("--cuts", nargs="+", default=[], help="days; default: those of the shop")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--questions", nargs="+", default=[])
    parser.add_argument("--methods", nargs="+", default=[])
    parser.add_argument("--held", nargs="+", default=["fused", "automatic", "reranked"])
    parser.add_argument("--python", type=Path, default=HOUSE / ".venv-peers/bin/python")
    parser.add_argument("--keep", type=Path, help="what the peers learn is kept in this folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sasrec-steps", type=int, default=300, help="batches it may learn from")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--retail", action="store_true", help="CoLES as set for its retail data")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    frames: Frames = {}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        keep = (asked.keep or Path(folder)).resolve()
        peers = Peers(
            asked.python.absolute(),
            keep,
            threads=asked.threads,
            quick=asked.quick,
            sasrec_steps=asked.sasrec_steps,
        )
        for name in asked.shops:
            examine(name, asked, peers, frames)
    pooled, rows = [], []
    for (name, _), told in frames.items():
        found = pool(told, resamples=asked.resamples)
        print(f"\n{name} {table(found, held=asked.held)}")
        pooled += found.rows(shop=name)
        for seed, each in told:
            scored = score(each, seed=seed, resamples=min(asked.resamples, 200))
            rows += [{"shop": name, "seed": seed, **row.to_dict()} for row in scored]
    print(f"\n{time.perf_counter() - began:.0f} s")
    if asked.json:
        meta = {"quick": asked.quick, "coles": RETAIL if asked.retail else DEMO}
        text = json.dumps({"pooled": pooled, "rows": rows, "meta": meta}, indent=1)
        asked.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
