"""The behaviour model, as a workspace learns and uses it."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner import __version__
from limner.cli.progress import Tell
from limner.cli.runs import open_run
from limner.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from limner.cli.workspace import Workspace
    from limner.dataset.ledger import Ledger
    from limner.events.log import EventLog
    from limner.training.course import Course

__all__ = ["MODEL", "Pretrained", "need_torch", "pretrain"]

MODEL = "behaviour"
"""The folder of the model under ``models``."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What a pretraining left behind; ``loss`` is the mean of the last twenty steps."""

    as_of: datetime
    steps: int
    loss: float
    weights: int
    folder: Path
    run: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        plain = asdict(self) | {"as_of": self.as_of.isoformat()}
        return plain | {"folder": str(self.folder), "run": str(self.run)}


def pretrain(
    workspace: "Workspace", *, as_of: datetime, seed: int, now: datetime, progress: Tell
) -> Pretrained:
    """Learn a behaviour model from all before a moment; see :meth:`Workspace.pretrain`."""
    need_torch()
    import numpy as np

    from limner.dataset.ledger import Ledger
    from limner.dataset.live import ItemCodes
    from limner.model.behaviour import AUTO, BehaviourConfig
    from limner.model.checkpoint import Served, save_behaviour
    from limner.training.backbone_choice import choose_backbone
    from limner.training.curves import curves_file
    from limner.training.devices import is_foremost
    from limner.training.levels import learn_levels
    from limner.training.pretraining import PretrainConfig
    from limner.training.pretraining import pretrain as learn

    settings, log = workspace.settings, workspace.log
    shape = BehaviourConfig.read(settings.model, where="limner.toml [model]")
    config = PretrainConfig.read(settings.pretrain, where="limner.toml [pretrain]")
    facts = {
        "limner": __version__,
        "shop": settings.shop.name,
        "about": settings.shop.about,
        "log": log.manifest.fingerprint,
        "cut": as_of.isoformat(),
        "seed": seed,
        "category_steps": settings.fit.category_steps,
        "model": shape.model_dump(mode="json"),
        "pretrain": config.model_dump(mode="json"),
    }
    models = workspace.folder / "models"
    mark = hashlib.blake2b(json.dumps(facts).encode(), digest_size=6).hexdigest()
    keep = models / f".{MODEL}-{mark}"
    ledger = Ledger.of(log, level=settings.fit.category_steps, before=as_of)
    if shape.backbone == AUTO:
        name, facts["backbones"] = choose_backbone(
            ledger, as_of, model=shape, config=config, seed=seed, progress=progress
        )
        shape = shape.model_copy(update={"backbone": name})
    currency = _currency(log)  # of the log as it is now: to learn takes long
    done = learn(ledger, as_of, model=shape, config=config, seed=seed, keep=keep, progress=progress)
    losses = done.course.losses
    loss = float(np.mean(losses[-20:]))
    weights = sum(each.numel() for each in done.model.parameters())
    if not is_foremost():
        # Of several processes under torchrun one writes; the others learned the same.
        return Pretrained(as_of, len(losses), loss, weights, models / MODEL, models / MODEL)
    heads: Mapping[str, Tensor] = {}
    levels: Mapping[str, Sequence[float]] = {}
    if "future_window" in config.objectives:
        heads = done.window.state_dict()
        levels = learn_levels(ledger, as_of, model=done.model, window=done.window, seed=seed)
    items = ItemCodes.of(ledger, done.model.vocabulary)
    served = Served(items, done.config.horizons_days, done.config.class_days, levels, currency)
    facts |= {"pretrain": done.config.model_dump(mode="json")}
    told = facts | _numbers(ledger, done.course) | {"loss": round(loss, 4), "volume": levels}
    save_behaviour(done.model, models / MODEL, facts=told, heads=heads, served=served)
    for kept in models.glob(f".{MODEL}-*"):  # also what was killed with other settings
        shutil.rmtree(kept, ignore_errors=True)
    run, _ = open_run(workspace.folder / "runs", "pretrain", at=now, facts=facts)
    (run / "losses.json").write_text(json.dumps(losses), encoding="utf-8")
    (run / "curves.svg").write_text(curves_file(done.course), encoding="utf-8")
    return Pretrained(as_of, len(losses), loss, weights, models / MODEL, run)


def need_torch() -> None:
    """Refuse early, and with a hint, where what learns is not installed."""
    needed = {"torch": "torch", "safetensors": "torch", "onnx": "torch", "scipy": "learn"}
    for package, extra in needed.items():
        try:
            __import__(package)
        except ImportError:
            raise MissingExtra("the behaviour model", package, extra) from None


def _numbers(ledger: "Ledger", course: "Course") -> dict[str, Any]:
    """Return what the card tells of the data, its dates, and how the course went."""
    examined = dict(course.examined)
    best = examined.get(course.best_step)
    return {
        "customers": len(ledger),
        "events": ledger.rows,
        "first": ledger.first.isoformat(),
        "last": ledger.last.isoformat(),
        "steps": len(course.losses),
        "best_step": course.best_step,
        "stopped": course.stopped,
        "seconds": round(course.seconds, 1),
        "examination": None if best is None else round(best, 4),
    }


def _currency(log: "EventLog") -> str | None:
    """Return the log's currency, or None if it has none or several."""
    import polars as pl

    found = log.scan().select(pl.col("currency").drop_nulls().unique()).collect()["currency"]
    return str(found[0]) if len(found) == 1 else None
