"""What tuning for a question left: it answers, and is a folder of few weights beside the model."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from limner import plugins
from limner.dataset.cuts import Window
from limner.dataset.labels import seen_items
from limner.dataset.vocabulary import Vocabulary, catalogue_codes
from limner.errors import BadConfig, NotFitted
from limner.heads.calibration import Calibration
from limner.heads.features import Block, automatic_block, habits_block
from limner.heads.study import Ranked, Sample, Study
from limner.model import tuning
from limner.model.behaviour import BehaviourModel
from limner.model.change import Change, trained_weights
from limner.model.normaliser import NormalScores
from limner.training import losses
from limner.training.amount_curve import AmountCurve
from limner.training.loss import Loss
from limner.training.objective import Shelf
from limner.training.panel import Panel
from limner.training.question_heads import HeadPlan, Joint
from limner.training.question_model import QuestionModel

__all__ = ["Tuned", "counted_block", "digest", "load_tuned", "shelf_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RANKED = 32
"""For so many customers all items are scored at once."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A model that was tuned for a question, with all it takes to answer.

    Attributes
    ----------
    whole, change
        The changed model with its head, and the change alone.
    loss
        What the numbers mean.
    curve
        What they come to, by the labels of those held out.
    plan
        Which head it is.
    scores
        How counted columns are brought to one scale; none: they are not read.
    facts
        What it was learned with, and of which model.
    learned_days
        How long the windows were that it learned from, in days.
    seconds
        How long learning took.
    steps
        How many steps were best.
    customers
        How many customers had a label to learn from or to examine by.
    """

    whole: QuestionModel
    change: Change[BehaviourModel]
    loss: Loss
    curve: Calibration | AmountCurve
    plan: HeadPlan
    scores: NormalScores | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    learned_days: float = 30.0
    seconds: float = 0.0
    steps: int = 0
    customers: int = 0

    @property
    def trained(self) -> int:
        """How many weights learned, those of the head among them."""
        return sum(each.numel() for each in trained_weights(self.whole).values())

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Answer for N customers at a cut; see :class:`limner.heads.study.Learned`.

        Only events strictly before the cut are read, bucket by bucket.

        Raises
        ------
        BadConfig
            If the question asks what comes next.
        """
        if self.plan.items:
            raise BadConfig(f"{study.name} asks for items", hint="rank(…) answers it")
        said = self._said(study, window, customers)
        with torch.no_grad():
            answer = self.loss.answer(said).double().numpy()
        if isinstance(self.curve, AmountCurve):
            return self.curve(answer) * (window.horizon_days / self.learned_days)
        return self.curve(answer)

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank the items that were met before a cut; see :class:`~limner.heads.study.Recommender`.

        Raises
        ------
        BadConfig
            If the question does not ask what comes next.
        """
        if not self.plan.items:
            raise BadConfig(f"{study.name} does not ask for items", hint="predict(…) answers it")
        model, shelf = self.whole.model, shelf_of(study, self.whole.model.vocabulary, window.cut)
        met = np.flatnonzero(shelf.counts)
        best = np.full((len(customers), most), -1, np.int64)
        scores = np.full((len(customers), most), -np.inf, np.float32)
        sample = Sample(window, customers, np.zeros(len(customers)))
        for panel in Panel.by_bucket(
            study.ledger, model.vocabulary, sample, longest=model.config.longest
        ):
            for some in panel.parts(np.arange(len(panel)), count=RANKED):
                asked = panel.asked(some, longest=model.config.longest)
                with torch.no_grad():
                    found = self.whole.item_scores(panel, asked, items=met, codes=shelf.codes[met])
                top, place = found.float().cpu().topk(min(most, len(met)), dim=1)
                best[asked.rows, : top.shape[1]] = met[place.numpy()]
                scores[asked.rows, : top.shape[1]] = top.numpy()
        return Ranked(best, scores, np.zeros(best.shape, np.int8), ("sequence",))

    def _said(self, study: Study, window: Window, customers: Ints) -> Tensor:
        """Return the numbers before any link: (N,), (N, C) or (N, K)."""
        model = self.whole.model
        columns = None
        if self.scores is not None:
            columns = self.scores(counted_block(study)(study, window, customers))
        sample = Sample(window, customers, np.zeros(len(customers)))
        found: Tensor | None = None
        for panel in Panel.by_bucket(
            study.ledger,
            model.vocabulary,
            sample,
            columns=columns,
            longest=model.config.longest,
        ):
            with torch.no_grad():
                said, rows = self.whole.answers(panel, np.arange(len(panel)))
            if found is None:
                found = torch.zeros(len(customers), *said.shape[1:])
            found[torch.from_numpy(rows)] = said.float().cpu()
        return found if found is not None else torch.zeros(0, *self._no_answer())

    def _no_answer(self) -> Iterator[int]:
        if self.plan.names:
            yield len(self.plan.names)
        elif not self.plan.flat or self.plan.outputs > 1:
            yield self.plan.outputs

    def save(self, folder: Path) -> None:
        """Write the change, the head and what the numbers mean, whole or not at all.

        The model that was tuned is not written: it has a folder of its own.
        """
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        self.change.save(fresh / "change")
        parts = {"head": self.whole.head, "joint": self.whole.joint}
        tensors = {
            f"{part}.{name}": each
            for part, module in parts.items()
            if module is not None
            for name, each in module.state_dict().items()
        }
        if self.scores is not None:
            arrays = self.scores.to_arrays()
            tensors |= {f"scores.{name}": torch.from_numpy(each) for name, each in arrays.items()}
        save_file(
            {name: each.contiguous() for name, each in tensors.items()}, fresh / "head.safetensors"
        )
        table = {
            "facts": dict(self.facts),
            "plan": self.plan.to_dict(),
            "curve": self.curve.to_dict(),
            "joint_width": self.whole.joint.hidden if self.whole.joint is not None else 0,
            "learned_days": self.learned_days,
            "seconds": self.seconds,
            "steps": self.steps,
            "customers": self.customers,
            "trained": self.trained,
        }
        (fresh / "config.json").write_text(json.dumps(table, indent=2), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def load_tuned(folder: Path, model: BehaviourModel) -> Tuned:
    """Read what :meth:`Tuned.save` wrote, upon the model that was tuned.

    Raises
    ------
    NotFitted
        If there is nothing in the folder.
    BadConfig
        If another model was tuned.
    """
    if not (folder / "config.json").is_file():
        raise NotFitted(f"nothing was tuned in {folder}", hint="limner finetune QUESTION")
    table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    facts = table["facts"]
    if not facts["scratch"] and facts["base"] != digest(model):
        raise BadConfig(
            f"{folder} was tuned from another behaviour model than this one",
            hint="limner finetune QUESTION tunes the model that is there now",
        )
    way = plugins.load(tuning, facts["method"]).read(facts["tuning"])
    plan = HeadPlan.from_dict(table["plan"])
    change = way.tune(plan.base(model), steps=facts["loop"]["steps"], seed=facts["seed"])
    change.load(folder / "change")
    tensors = load_file(folder / "head.safetensors")
    scores = joint = None
    if table["joint_width"]:
        scores = NormalScores.from_arrays(
            {name: each.numpy() for name, each in _part(tensors, "scores").items()}
        )
        joint = Joint(model.config.width, scores.width, hidden=table["joint_width"], dropout=0.0)
        joint.load_state_dict(_part(tensors, "joint"))
    head = plan.make(model, columns=scores.width if scores is not None else 0)
    head.load_state_dict(_part(tensors, "head"))
    amounts = "volume" in table["curve"]
    return Tuned(
        whole=QuestionModel(change.model, head, joint).eval(),
        change=change,
        loss=plugins.load(losses, facts["loss"]).read(facts["loss_settings"]),
        curve=(AmountCurve if amounts else Calibration).from_dict(table["curve"]),
        plan=plan,
        scores=scores,
        facts=facts,
        learned_days=table["learned_days"],
        seconds=table["seconds"],
        steps=table["steps"],
        customers=table["customers"],
    )


def shelf_of(study: Study, vocabulary: Vocabulary, cut: datetime | None = None) -> Shelf:
    """Return the items, and how often each was taken before a cut; none: the newest to learn of.

    That is the cut of the test: what was taken until then is known when somebody is tuned.
    """
    window = Window(cut or study.plan.test.cut, study.question.horizon_days)
    _, items = seen_items(study.ledger, window, deeds=study.question.deeds)
    counts = np.bincount(items, minlength=len(study.ledger.items))
    return Shelf(catalogue_codes(study.ledger, vocabulary), counts)


def counted_block(study: Study) -> Block:
    """Return what a joint head reads: who somebody is shows in classes, what comes in habits."""
    return automatic_block if study.question.attribute is not None else habits_block


def digest(model: BehaviourModel) -> str:
    """Return what tells these weights from any others."""
    found = hashlib.blake2b(digest_size=8)
    for name, each in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(each.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _part(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    start = f"{part}."
    return {key[len(start) :]: each for key, each in tensors.items() if key.startswith(start)}
