"""How much pretraining is worth where few customers have a label, on the Complete Journey.

Of 1, 5, 20 and 100 per cent of the customers the labels may be learned from; all heads see the
same ones. Made by hand are 17 columns and boosted trees; frozen vectors come from models that
learned from the log without labels, each customer's from one that never learned from them;
``scratch`` is the same network without pretraining, ``pseudo`` the linear head that also learns
from the customers it is surest of. Figures are pooled over cuts and seeds, a seed drawing the
customers anew, with 95 % intervals over customers. To run it::

    python benchmarks/few_labels.py
    python benchmarks/few_labels.py --cuts 2017-11-01 --shares 0.01 --seeds 0
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ladder import parser_of, shop_in
from limner import plugins
from limner.cli.tuning import learning_of
from limner.engine import Pool
from limner.errors import BadConfig, TooFew
from limner.heads import methods as method_folder
from limner.heads.answers import Answers
from limner.heads.pseudo_labels import learn_with_pseudo_labels
from limner.heads.study import Learned, Sample, Study
from limner.training.desks import Desks
from limner.training.few_labels import few_labels
from limner.training.finetuning import FinetuneConfig, finetune
from pooling import pool, table

SHARES = (0.01, 0.05, 0.2, 1.0)
QUESTIONS = ("churn", "spend", "category")
METHODS = ("hand_made", "automatic", "frozen_linear", "frozen_boosted", "fused", "top", "full")
Ways = dict[str, Callable[[Study, list[Sample], Sample], Learned]]


def main() -> None:
    """Learn from few labels and from all, and print a table a question and share."""
    parser = parser_of(__doc__, questions=QUESTIONS, methods=[*METHODS, "scratch", "pseudo"])
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    asked = parser.parse_args()
    with TemporaryDirectory() as there:
        run(asked, Path(asked.keep or there))


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Learn and ask, cut by cut and seed by seed."""
    shop = shop_in(folder / "shop")
    known = shop.asked(asked.questions)
    told: dict[tuple[str, float], list[tuple[int, Answers]]] = {}
    for cut in asked.cuts:
        at = datetime.fromisoformat(f"{cut}T00:00:00+00:00")
        desks = Desks(shop.log, known, 0, None, shop.settings.fit.category_steps)
        learning_of(shop, seed=0).prepare(desks, [at], ["full"], executor=Pool(asked.workers))
        for seed in asked.seeds:
            desks.seed = seed
            for name in known:
                study = desks.study(name, at)
                ways = {way: _way(way, study) for way in asked.methods}
                for share in asked.shares:
                    found = _asked(study, ways, share)
                    told.setdefault((name, share), []).append((seed, found))
            print(f"{cut}, seed {seed}", flush=True)
    rows = []
    for (_, share), frames in told.items():
        pooled = pool(frames)
        print(f"\n{share:.0%} of the labels, {table(pooled, held=['hand_made'])}")
        rows += pooled.rows(share=share)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _asked(study: Study, ways: Ways, share: float) -> Answers:
    """Let every way learn from a share of the labels, and answer."""
    train, validation = few_labels(*study.training(), share=share, seed=study.seed)
    asked = study.sample(study.plan.test)
    said: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for name, learn in ways.items():
        began = time.perf_counter()
        try:
            learned = learn(study, train, validation)
        except (BadConfig, TooFew) as refusal:
            print(f"  {study.name}, {share:.0%}: {name} declines: {refusal.message}")
            continue
        said[name] = learned.predict(study, asked.window, asked.customers)
        seconds[name] = time.perf_counter() - began
    return Answers(
        question=study.name,
        shape=study.question.shape,
        horizon_days=study.question.horizon_days,
        cut=asked.window.cut,
        customers=study.ledger.customers[asked.customers],
        truth=asked.truth,
        predictions=said,
        classes=study.class_names,
        seconds=seconds,
    )


def _way(name: str, study: Study) -> Callable[[Study, list[Sample], Sample], Learned]:
    if name == "scratch":
        config = FinetuneConfig(method="full", scratch=True)
        model = study.desk.behaviour.whole
        return lambda study, train, held: finetune(model, study, train, held, config=config)
    if name != "pseudo":
        return plugins.load(method_folder, name)().learn
    linear = plugins.load(method_folder, "frozen_linear")()

    def learn(study: Study, train: list[Sample], held: Sample) -> Learned:
        everybody, _ = study.training()
        labelled = np.unique(np.concatenate([one.customers for one in [*train, held]]))
        untold = [one.take(~np.isin(one.customers, labelled)) for one in everybody]
        return learn_with_pseudo_labels(linear, study, train, held, untold=untold)

    return learn


if __name__ == "__main__":
    main()
