"""What a behaviour model learned without a label says of the future, on the Complete Journey.

No head is fitted: the answers are the model's own, of everybody asked at the cut. The panel is
published for research, and its package calls it simulated. To run it:
``python benchmarks/behaviour.py [--steps N] [--seeds 0 1 2]``
"""

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from limner.cli.workspace import Workspace
from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger
from limner.model.reading import read_customers
from limner.training.metrics import r2_log
from limner.training.pretraining import PretrainConfig, pretrain

CUTS = ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01")
BOUGHT = labels.Deeds(("purchase",))


def mean_auroc(truth: np.ndarray, score: np.ndarray) -> float:
    """Return the mean AUROC over the classes that have both outcomes."""
    both = [at for at in range(truth.shape[1]) if 0 < truth[:, at].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[:, at], score[:, at]) for at in both]))


def examine(ledger: Ledger, cut: datetime, *, config: PretrainConfig, seed: int) -> list[float]:
    """Return AUROC of staying away for 14 days, R² of log spend, mean AUROC of categories."""
    began = time.perf_counter()
    past = Ledger.of(ledger.source, level=2, before=cut)
    done = pretrain(past, cut, config=config, seed=seed)
    seconds = time.perf_counter() - began
    block = read_customers(done.model, ledger, cut, classes=True)
    with torch.inference_mode():
        said = done.window.answers(torch.from_numpy(block.vectors))
    asked = labels.active_customers(ledger, Window(cut, 14), deeds=labels.Deeds(), within_days=60)
    place = np.searchsorted(block.customers, asked)
    away = labels.future_counts(ledger, Window(cut, 14), deeds=BOUGHT)[asked] == 0
    worth = labels.future_amounts(ledger, Window(cut, 30), deeds=BOUGHT)[asked]
    classes = [ledger.categories.index(name) for name in done.model.class_names]
    truth = labels.future_classes(
        ledger, Window(cut, 30), deeds=BOUGHT, column="category", classes=classes
    )[asked]
    horizons = list(config.horizons_days)
    return [
        float(roc_auc_score(away, -said["whether"][:, horizons.index(14)].numpy()[place])),
        r2_log(worth, np.expm1(said["worth"][:, horizons.index(30)].numpy()[place])),
        mean_auroc(truth, block.class_scores[place]),
        seconds,
    ]


def main() -> None:
    """Pretrain at every cut with every seed, and print a line for each and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=PretrainConfig().steps)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    asked = parser.parse_args()
    config = PretrainConfig(steps=asked.steps)
    with tempfile.TemporaryDirectory() as folder:
        shop = Workspace.create(Path(folder) / "shop", sources=["complete-journey"])
        shop.ingest()
        ledger = Ledger.of(shop.log, level=2)
        rows = []
        print(f"{'cut':12s}{'seed':>5s}{'churn':>9s}{'spend':>9s}{'category':>10s}{'seconds':>9s}")
        for cut in CUTS:
            at = datetime.fromisoformat(f"{cut}T00:00:00+00:00")
            for seed in asked.seeds:
                found = examine(ledger, at, config=config, seed=seed)
                rows.append(found)
                churn, spend, category, seconds = found
                print(f"{cut:12s}{seed:5d}{churn:9.4f}{spend:9.4f}{category:10.4f}{seconds:9.1f}")
        churn, spend, category, seconds = np.mean(rows, axis=0)
        print(f"{'mean':17s}{churn:9.4f}{spend:9.4f}{category:10.4f}{seconds:9.1f}")
    print(
        "churn: AUROC, 14 days; spend: R² of the logarithm, 30 days; category: mean AUROC, 30 days"
    )


if __name__ == "__main__":
    main()
