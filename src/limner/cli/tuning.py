"""Tuning the behaviour model for a question, and having models stand by, as a workspace does it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.behaviour import MODEL, need_torch
from limner.cli.progress import Tell
from limner.cli.runs import open_run
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.heads.question import Question
    from limner.training.learning import Learning

__all__ = ["Finetuned", "finetune", "learning_of"]


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What tuning for a question left: how many weights learned, how long, and where it lies.

    ``customers`` had a label to learn from or to examine by; with ``steps`` 0 nothing was better
    than what pretraining had known.
    """

    question: str
    method: str
    as_of: datetime
    labels: float
    customers: int
    trained: int
    steps: int
    seconds: float
    folder: Path
    run: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        plain = asdict(self) | {"as_of": self.as_of.isoformat()}
        return plain | {"folder": str(self.folder), "run": str(self.run)}


def finetune(
    workspace: "Workspace",
    questions: "dict[str, Question]",
    name: str,
    *,
    method: str | None,
    labels: float | None,
    seed: int,
    now: datetime,
    progress: Tell,
) -> Finetuned:
    """Tune the pretrained model for one question; see :meth:`Workspace.finetune`."""
    need_torch()
    from limner.model.checkpoint import load_behaviour
    from limner.training.cross_fit import window_of
    from limner.training.desks import Desks
    from limner.training.finetuning import FinetuneConfig
    from limner.training.finetuning import finetune as tune

    settings, log = workspace.settings, workspace.log
    models = workspace.folder / "models"
    model = load_behaviour(models / MODEL)
    known = json.loads((models / MODEL / "config.json").read_text(encoding="utf-8"))["facts"]
    as_of = datetime.fromisoformat(known["cut"])
    wished = {"method": method, "labels": labels}
    given = {**settings.finetune, **{key: one for key, one in wished.items() if one is not None}}
    config = FinetuneConfig.read(given, where="limner.toml [finetune]")
    desks = Desks(log, questions, seed, None, known["category_steps"], before=as_of)
    study = desks.study(name, as_of)
    if study.question.shape == "what_next":
        raise BadConfig(
            f"{name} asks for items, which the pretrained model scores itself",
            hint="limner evaluate --question next_item --method fused",
        )
    if study.question.attribute is not None:
        import numpy as np

        who = study.sample(study.plan.test)
        if len(who.customers) < 50:
            raise TooFew(f"only {len(who.customers)} customers told their {name}")
        held = np.random.default_rng(seed).permutation(len(who.customers)) % 5 == 0
        train, validation = [who.take(~held)], who.take(held)
    else:
        train, validation = study.training()
    start = window_of(models / MODEL)
    tuned = tune(model, study, train, validation, config=config, start=start, progress=progress)
    told = config.method if config.labels == 1 else f"{config.method}-{config.labels:g}"
    folder = models / "tuned" / name / told
    folder.parent.mkdir(parents=True, exist_ok=True)
    tuned.save(folder)
    facts = {"question": name, "cut": as_of.isoformat(), **tuned.facts}
    run, _ = open_run(workspace.folder / "runs", "finetune", at=now, facts=facts)
    return Finetuned(
        question=name,
        method=config.method,
        as_of=as_of,
        labels=config.labels,
        customers=tuned.customers,
        trained=tuned.trained,
        steps=tuned.steps,
        seconds=round(tuned.seconds, 1),
        folder=folder,
        run=run,
    )


def learning_of(workspace: "Workspace", *, seed: int) -> "Learning | None":
    """Return what pretrains models for methods that ask them; none where torch is missing."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        return None
    from limner.model.behaviour import BehaviourConfig
    from limner.training.cross_fit import FoldPlan
    from limner.training.finetuning import FinetuneConfig
    from limner.training.pretraining import PretrainConfig
    from limner.training.standby import Standby

    settings = workspace.settings
    plan = FoldPlan(
        workspace.folder / "models" / "folds",
        workspace.log.manifest.fingerprint,
        folds=settings.fit.folds,
        model=BehaviourConfig.read(settings.model, where="limner.toml [model]"),
        config=PretrainConfig.read(settings.pretrain, where="limner.toml [pretrain]"),
        seed=seed,
    )
    return Standby(plan, FinetuneConfig.read(settings.finetune, where="limner.toml [finetune]"))
