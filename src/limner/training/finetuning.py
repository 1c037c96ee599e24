"""Tuning a pretrained behaviour model for one question, by all of its weights or by few."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import nn

from limner import plugins
from limner.config import Config
from limner.dataset.labels import item_codes
from limner.dataset.sequences import ranges
from limner.errors import BadConfig, TooFew
from limner.heads.calibration import Calibration, calibrate
from limner.heads.study import Sample, Study
from limner.model import tuning
from limner.model.behaviour import BehaviourModel
from limner.model.change import Change, Tuning, trained_weights, twin
from limner.model.normaliser import NormalScores
from limner.training import losses
from limner.training.amount_curve import AmountCurve
from limner.training.costs import Costs, ItemCosts, LabelCosts
from limner.training.few_labels import few_labels
from limner.training.first_head import begin_at_the_best, known_head
from limner.training.loop import LoopConfig, run
from limner.training.loss import Loss
from limner.training.objectives.future_window import FutureWindow
from limner.training.panel import Panel
from limner.training.question_heads import HeadPlan, Joint
from limner.training.question_lesson import QuestionLesson, balance
from limner.training.question_model import QuestionModel
from limner.training.renewal import Anchor
from limner.training.robust import Adversary, AdversaryConfig
from limner.training.tuned import Tuned, counted_block, digest, shelf_of

__all__ = ["FinetuneConfig", "finetune"]

Ints = NDArray[np.int64]
AMOUNTS = ("how_many", "how_much")
LOOP: Mapping[str, Any] = {"steps": 200, "examine_every": 20}


class FinetuneConfig(Config):
    """How a behaviour model is tuned for a question."""

    method: str = "lora"
    """Which weights learn: a file of ``model/tuning``."""
    tuning: dict[str, Any] = Field(default_factory=dict)
    """Settings of the method."""
    loss: str = ""
    """What being wrong costs: a file of ``training/losses``; empty: the one for the shape."""
    loss_settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the loss."""
    loop: LoopConfig = LoopConfig(**LOOP)
    """How long and how fast it learns: 200 steps, examined every 20, if nothing else is said."""
    customers: int = Field(128, ge=1)
    """Customers of one batch, each at all cuts."""
    model_pace: float | None = Field(None, gt=0)
    """How fast the model learns, as a share of the head's rate; none: as suits the method."""
    lean: float = Field(10.0, ge=0)
    """How strongly a head leans to what it knew before any label, as the weight of its squared
    distance from there against the sum of the labels' costs; it begins at the best place."""
    balanced: bool = False
    """Whether all outcomes together count alike, however rare one is."""
    labels: float = Field(1.0, gt=0, le=1)
    """The share of the customers whose labels may be learned from."""
    scratch: bool = False
    """Whether to forget what was pretrained, to see what it was worth; all weights then learn."""
    joint: bool = False
    """Whether the automatic aggregates enter beside the vector, and learn together with it."""
    joint_width: int = Field(64, ge=1)
    """How many numbers both meet in."""
    refit: bool = True
    """Whether to learn again with the validation labels too, once they said how long to learn."""
    adversary: AdversaryConfig | None = None
    """How visits are moved the worst way while learning; none: they are not."""
    hold: float = Field(0.0, ge=0)
    """How strongly weights are held to an anchor, where there is one."""

    @field_validator("loop", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was given
        """Leave what a table does not say at what suits tuning, not at what suits pretraining."""
        return {**LOOP, **given} if isinstance(given, Mapping) else given


def finetune(
    model: BehaviourModel,
    study: Study,
    train: Sequence[Sample],
    validation: Sample,
    *,
    config: FinetuneConfig | None = None,
    start: FutureWindow | None = None,
    anchor: Anchor | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Tuned:
    """Tune a copy of a model for a study's question; the model stays as it is.

    It learns from the training samples and is examined by the validation sample, which says when to
    stop and what a probability or an amount means; then, if so set, it learns again from both.

    Parameters
    ----------
    model
        The pretrained model. It should know nothing from the test cut on.
    study
        The question.
    train, validation
        Who was asked when and what came true; see :meth:`~limner.heads.study.Study.training`.
    config
        How.
    start
        The heads that the model was pretrained with: a head leans to the one that was asked the
        same, if there is one. None: to nothing.
    anchor
        Where weights of the whole are held, see :class:`~limner.training.renewal.Anchor`.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    BadConfig
        If the method or the loss cannot do what is asked.
    TooFew
        If nobody has a label to learn from.
    """
    config = config or FinetuneConfig()
    began = time.perf_counter()
    train, validation = few_labels(train, validation, share=config.labels, seed=study.seed)
    if not sum(len(one.customers) for one in train):
        raise TooFew(f"{study.name}: nobody has a label to learn from")
    truth = np.concatenate([np.ravel(one.truth) for one in [*train, validation]])
    if truth.size and len(np.unique(truth)) < 2:
        raise TooFew(
            f"{study.name}: the same came true of everybody, so there is nothing to learn",
            hint="is what it asks for in the log? limner doctor tells",
        )
    course = _Course(model, study, config, start=start, anchor=anchor)
    examined = len(validation.customers) > 0
    made, steps = course.learn(
        train, validation if examined else None, steps=config.loop.steps, progress=progress
    )
    held_out = course.panel([validation]) if examined else None
    curve = _curve(study, made.module, course.loss, held_out)
    if config.refit and examined:
        made, _ = course.learn([*train, validation], None, steps=steps, progress=progress)
    return Tuned(
        whole=made.module,
        change=made.change,
        loss=course.loss,
        curve=curve,
        plan=course.plan,
        scores=course.scores,
        facts=course.facts,
        learned_days=validation.window.horizon_days,
        seconds=time.perf_counter() - began,
        steps=steps,
        customers=len(np.unique(np.concatenate([one.customers for one in [*train, validation]]))),
    )


class _Course:
    """What stays the same whether the validation labels teach or examine."""

    def __init__(
        self,
        model: BehaviourModel,
        study: Study,
        config: FinetuneConfig,
        *,
        start: FutureWindow | None,
        anchor: Anchor | None,
    ) -> None:
        self.study, self.config, self.anchor = study, config, anchor
        self.start = None if config.scratch else start
        self.way: Tuning = plugins.load(tuning, config.method).read(
            config.tuning, where=f"[finetune.tuning] of {config.method}"
        )
        if config.scratch and config.method != "full":
            raise BadConfig(
                f"from scratch all weights must learn, not those of {config.method!r}",
                hint="method = 'full'",
            )
        name = config.loss or _usual_loss(study)
        self.loss: Loss = plugins.load(losses, name).read(
            config.loss_settings, where=f"[finetune.loss_settings] of {name}"
        )
        self.plan = _plan(study, self.loss, name)
        self.base = self.plan.base(_forgotten(model, study.seed) if config.scratch else model)
        self.scores: NormalScores | None = None
        self.facts = {
            "question": study.name,
            "method": config.method,
            "tuning": config.tuning,
            "loss": name,
            "loss_settings": config.loss_settings,
            "loop": config.loop.model_dump(mode="json"),
            "scratch": config.scratch,
            "labels": config.labels,
            "seed": study.seed,
            "base": digest(model),
        }

    def panel(self, samples: Sequence[Sample]) -> Panel:
        """Lay samples side by side, with their counted columns where these are read."""
        columns = None
        if self.config.joint:
            read = counted_block(self.study)
            found = [read(self.study, one.window, one.customers) for one in samples]
            if self.scores is None:
                self.scores = NormalScores().fit(np.concatenate(found))
            columns = self.scores(np.concatenate(found))
        taken = _taken(self.study, samples) if self.plan.items else None
        names = self.base.vocabulary
        return Panel.of(self.study.ledger, names, samples, columns=columns, taken=taken)

    def costs(self) -> Costs:
        """Return what being wrong costs."""
        if not self.plan.items:
            return LabelCosts(self.loss)
        return ItemCosts(self.loss, shelf_of(self.study, self.base.vocabulary))

    def learn(
        self,
        train: Sequence[Sample],
        validation: Sample | None,
        *,
        steps: int,
        progress: Callable[[str, float], None] | None,
    ) -> tuple[QuestionLesson, int]:
        """Learn once, from the base on; return how many steps were best, at most so many."""
        seed = self.study.seed
        panel = self.panel(train)
        change = self.way.tune(self.base, steps=max(steps, 1), seed=seed)
        whole = QuestionModel(change.model, *self._parts())
        lesson = self._lesson(whole, change, panel, validation)
        known = known_head(self.start, self.study, self.loss)
        whole.eval()
        begin_at_the_best(whole, panel, self.loss, lean=self.config.lean, known=known)
        if steps < 1:
            return lesson, 0
        with torch.no_grad():
            before, examined = twin(whole).state_dict(), lesson.examine()
        loop = self.config.loop.model_copy(update={"steps": steps})
        rates = {"": 1.0}
        if trained_weights(change.model):
            rates |= {"model": self.config.model_pace or self.way.pace}
        course = run(lesson, loop, seed=seed, progress=progress, rates=rates, after=lesson.after)
        if examined is not None and examined <= min(value for _, value in course.examined):
            whole.load_state_dict(before)
            return lesson, 0
        return lesson, course.best_step

    def _parts(self) -> tuple[nn.Module, Joint | None]:
        """Return a head and, where counted columns are read, what lets them move the vector."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.study.seed)
            columns = self.scores.width if self.scores is not None else 0
            head = self.plan.make(self.base, columns=columns)
            if self.scores is None:
                return head, None
            width, hidden = self.base.config.width, self.config.joint_width
            dropout = self.base.config.dropout
            return head, Joint(width, columns, hidden=hidden, dropout=dropout)

    def _lesson(
        self,
        whole: QuestionModel,
        change: Change[BehaviourModel],
        panel: Panel,
        validation: Sample | None,
    ) -> QuestionLesson:
        config, adversary = self.config, None
        if config.adversary is not None:
            adversary = Adversary(change.model.encoder, config.adversary)
        return QuestionLesson(
            whole,
            change,
            costs=self.costs(),
            panel=panel,
            held_out=self.panel([validation]) if validation is not None else None,
            customers=config.customers,
            seed=self.study.seed,
            weights=_weights(panel, config, self.plan),
            adversary=adversary,
            anchor=self.anchor,
            hold=config.hold,
        )


def _forgotten(model: BehaviourModel, seed: int) -> BehaviourModel:
    """Return a model of the same size that has learned nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BehaviourModel(model.config, model.known).eval()


def _taken(study: Study, samples: Sequence[Sample]) -> tuple[Ints, Ints]:
    """Return what came next for samples, one after another: bounds (R + 1,) and items."""
    counts, items = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)]
    for one in samples:
        at, codes = item_codes(study.ledger, one.window, deeds=study.question.deeds)
        sizes = (at[1:] - at[:-1])[one.customers]
        counts.append(sizes)
        items.append(codes[ranges(at[one.customers], sizes)])
    return np.cumsum(np.concatenate(counts)), np.concatenate(items)


def _usual_loss(study: Study) -> str:
    if study.question.shape == "what_next":
        return "sampled_softmax"
    if study.question.shape in AMOUNTS:
        return "squared"
    return "binary" if study.question.attribute is None else "multi_class"


def _plan(study: Study, loss: Loss, name: str) -> HeadPlan:
    """Return the head that the question's shape and the loss want, or refuse."""
    question = study.question
    if question.shape not in loss.shapes:
        raise BadConfig(
            f"the loss {name!r} cannot teach a question of the shape {question.shape!r}",
            hint=f"loss = {_usual_loss(study)!r}",
        )
    if question.shape == "what_next":
        return HeadPlan(items=True)
    if question.shape != "which":
        return HeadPlan(outputs=loss.outputs)
    if question.attribute is not None:
        return HeadPlan(outputs=len(study.class_names), flat=False)
    if name == "multi_class":
        raise BadConfig(
            f"{study.name} may be true of several classes at once, but the loss {name!r} knows one",
            hint="loss = 'binary'",
        )
    return HeadPlan(field=question.of, names=study.class_names)


def _weights(panel: Panel, config: FinetuneConfig, plan: HeadPlan) -> NDArray[np.float32] | None:
    if not config.balanced:
        return None
    if not np.isin(panel.truth, (0, 1)).all():
        raise BadConfig("amounts have no outcomes to balance", hint="balanced = false")
    return balance(panel.truth, alone=not plan.flat)


def _curve(
    study: Study, whole: QuestionModel, loss: Loss, held_out: Panel | None
) -> Calibration | AmountCurve:
    """Return what the numbers come to, by the labels of those who did not teach."""
    amounts = study.question.shape in AMOUNTS
    if held_out is None or study.question.shape == "what_next":
        return AmountCurve() if amounts else Calibration()
    with torch.no_grad():
        said, rows = whole.answers(held_out, np.arange(len(held_out)))
    answer = loss.answer(said).double().numpy()
    truth = held_out.truth[rows].astype(np.float64)
    if amounts:
        return AmountCurve.fit(answer, truth, expects=loss.outputs > 1)
    return calibrate(answer.reshape(-1), truth.reshape(-1), seed=study.seed)
