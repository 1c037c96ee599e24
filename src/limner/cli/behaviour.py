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
    from limner.cli.workspace import Workspace

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
    from limner.model.behaviour import BehaviourConfig
    from limner.model.checkpoint import save_behaviour
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
    done = learn(ledger, as_of, model=shape, config=config, seed=seed, keep=keep, progress=progress)
    losses = done.course.losses
    loss = float(np.mean(losses[-20:]))
    save_behaviour(done.model, models / MODEL, facts=facts | {"loss": round(loss, 4)})
    shutil.rmtree(keep, ignore_errors=True)
    run, _ = open_run(workspace.folder / "runs", "pretrain", at=now, facts=facts)
    (run / "losses.json").write_text(json.dumps(losses), encoding="utf-8")
    weights = sum(each.numel() for each in done.model.parameters())
    return Pretrained(as_of, len(losses), loss, weights, models / MODEL, run)


def need_torch() -> None:
    """Refuse early, and with a hint, where what learns is not installed."""
    for package, extra in (("torch", "torch"), ("safetensors", "torch"), ("scipy", "learn")):
        try:
            __import__(package)
        except ImportError:
            raise MissingExtra("the behaviour model", package, extra) from None
