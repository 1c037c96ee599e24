"""Fine-tuning a language model for what is asked of texts, fused with their words."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limner import plugins
from limner.encoders.language.opening import Opened
from limner.errors import BadConfig, TooFew
from limner.heads.language.task import TextTask
from limner.model import tuning
from limner.model.change import Change, Tuning, WeightChange, trained_weights, twin
from limner.model.normaliser import NormalScores
from limner.training import losses
from limner.training.language.bases import Base, ReaderBase, TokenBase, open_base, vectors_of
from limner.training.language.few_shot import learn_few_shot
from limner.training.language.first_text_head import first_head
from limner.training.language.labelled_texts import LabelledTexts, held_out
from limner.training.language.pseudo_labels import (
    PseudoLabelsConfig,
    demand_one_class,
    learn_from_guesses,
)
from limner.training.language.text_config import FEWSHOT, FROZEN, MODEL_RATES, TextFinetuneConfig
from limner.training.language.text_lesson import Read, TextLesson
from limner.training.language.text_model import TextModel, features_of
from limner.training.language.tuned_text import TunedText, weights_digest
from limner.training.language.weighing import Others, Weighed
from limner.training.loop import run
from limner.training.loss import Loss
from limner.training.question_lesson import balance
from limner.training.robust import Adversary

__all__ = ["finetune_texts"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
LEAST_HELD = 40
"""With fewer texts held out nothing is chosen by them: all teach."""
FOLDED = 2000
"""Up to so many texts folds choose for a model that stays as it is: it learned from no label, so
that all may teach and yet examine."""


def finetune_texts(
    task: TextTask,
    known: LabelledTexts,
    *,
    unlabelled: Sequence[object] = (),
    config: TextFinetuneConfig | None = None,
    seed: int = 0,
    opened: Opened | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> TunedText:
    """Tune a copy of a language model for a task, and weigh it with the words.

    A head is first fitted upon the vectors as they are; then head and model learn together, from
    there on (Kumar and others 2022): so tuning seldom ends below the frozen model.

    Parameters
    ----------
    task
        What is asked.
    known
        Texts with truth.
    unlabelled
        Texts of the same kind without a label: a linear head upon their main directions answers
        too. None: no such head.
    config
        How.
    seed
        Where chance begins.
    opened
        The base, if it is open already; none: it is opened by its name.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    BadModel
        If there is no such base.
    BadConfig
        If the method or the loss cannot do what is asked, or the base cannot be tuned.
    TooFew
        If there are fewer than two texts, or all are true of the same; or texts without a label are
        given, and too few to have main directions.
    """
    config = config or TextFinetuneConfig()
    if len(known) < 2 or len(np.unique(known.truth, axis=0)) < 2:
        raise TooFew("the same is true of every text, so there is nothing to learn")
    began = time.perf_counter()
    base = TokenBase(opened) if opened is not None else open_base(config.base)
    if isinstance(base, ReaderBase) and config.method != FROZEN:
        raise BadConfig(
            f"{base.name} gives vectors and cannot be tuned, but method is {config.method!r}",
            hint="--method frozen",
        )
    if config.pseudo_labels is not None and len(unlabelled):
        demand_one_class(task, known)
        if config.method not in {FEWSHOT, FROZEN}:
            return _tune_by_guesses(
                task, known, unlabelled, config, seed=seed, base=base, progress=progress
            )
    others = Others(task, known, config, unlabelled=unlabelled, seed=seed)
    course = _Course(task, known, config, seed=seed, base=base)
    taught, held = held_out(known, share=config.held, seed=seed)
    folded = config.method == FROZEN and len(known) <= FOLDED
    if folded or len(held) < max(LEAST_HELD, 2 * task.outputs) or _loses_a_class(known, taught):
        taught, held = np.arange(len(known)), np.zeros(0, np.int64)
    steps, whole, change = course.learn(taught, held, progress=progress)
    weighed = course.weigh(others, whole, taught=taught, held=held)
    if config.refit and len(held) and steps:
        everybody = np.arange(len(known))
        _, whole, change = course.learn(everybody, held[:0], steps=steps, progress=progress)
        course.guess(others, whole, weighed)
    facts = course.facts | {"texts": len(known), "held_out": len(held), "steps": steps}
    if others.directions is not None:
        facts["unlabelled"] = len(others.unlabelled)
    return TunedText(
        task=task,
        whole=whole.eval(),
        change=change,
        base=base,
        words=weighed.words,
        blend=weighed.blend,
        scores=course.scores,
        directions=weighed.directions,
        facts=facts,
        seconds=time.perf_counter() - began,
    )


def _tune_by_guesses(
    task: TextTask,
    known: LabelledTexts,
    unlabelled: Sequence[object],
    config: TextFinetuneConfig,
    *,
    seed: int,
    base: Base,
    progress: Callable[[str, float], None] | None,
) -> TunedText:
    """Tune by texts without a label too, as what heads upon the model as it is take them for."""
    began = time.perf_counter()
    opened = base.opened if isinstance(base, TokenBase) else None
    tune = partial(finetune_texts, task, seed=seed, opened=opened)
    plain = config.model_copy(update={"pseudo_labels": None})
    texts = Others(task, known, config, unlabelled=unlabelled, seed=seed).unlabelled
    if not texts:  # all of them have a label
        return tune(known, unlabelled=unlabelled, config=plain, progress=progress)
    still = config.model_copy(update={"method": FROZEN})
    teacher = tune(known, unlabelled=unlabelled, config=still)
    said = teacher.predict([(each,) for each in texts])
    guessed = np.eye(task.outputs, dtype=np.float32)[said.argmax(axis=1)]
    often = max(1, round((config.pseudo_labels or PseudoLabelsConfig()).weight))
    whole = LabelledTexts(
        known.texts * often + tuple((each,) for each in texts),
        np.concatenate([*[known.truth] * often, guessed]),
    )
    tuned = tune(whole, config=plain, progress=progress)
    facts = dict(tuned.facts) | {
        "texts": len(known),
        "unlabelled": len(texts),
        "config": config.model_dump(mode="json"),
    }
    return replace(tuned, facts=facts, seconds=time.perf_counter() - began)


class _Course:
    """What stays the same whether those held out examine or teach."""

    def __init__(
        self,
        task: TextTask,
        known: LabelledTexts,
        config: TextFinetuneConfig,
        *,
        seed: int,
        base: Base,
    ) -> None:
        self.task, self.known, self.config, self.seed = task, known, config, seed
        self.encoder = base.encoder()
        self.way: Tuning | None = None
        if config.method not in {FEWSHOT, FROZEN}:
            self.way = plugins.load(tuning, config.method).read(
                config.tuning, where=f"[tuning] of {config.method}"
            )
        name, self.loss = _loss_of(task, config)
        self.base = base
        self.longest = min(config.longest, base.longest or config.longest)
        self.sides = tuple(base.side(side, longest=self.longest) for side in known.sides())
        self.scores: NormalScores | None = None
        beside = None
        if known.beside is not None:
            self.scores = NormalScores().fit(known.beside)
            beside = self.scores(known.beside).astype(np.float32)
        self.read = Read(self.sides, beside, known.truth)
        self.facts: dict[str, Any] = {
            "base": base.name,
            "base_digest": base.version or weights_digest(self.encoder),
            **base.facts,
            "method": config.method,
            "tuning": config.tuning,
            "loss": name,
            "longest": self.longest,
            "config": config.model_dump(mode="json"),
            "seed": seed,
        }

    def learn(
        self,
        taught: Ints,
        held: Ints,
        *,
        steps: int | None = None,
        progress: Callable[[str, float], None] | None,
    ) -> tuple[int, TextModel, Change[nn.Module]]:
        """Learn once, from the base on; return how many steps were best, and what came of it."""
        config = self.config
        most = max(1, round(config.epochs * len(taught) / min(config.batch, len(taught))))
        most = min(most, steps) if steps is not None else most
        if config.method == FEWSHOT:
            change = learn_few_shot(
                self.encoder,
                self.part(taught),
                config=config.few_shot,
                seed=self.seed,
                progress=progress,
            )
            whole = self.head(change, taught, held)
            return config.few_shot.steps, whole, change
        if self.way is None:
            change = WeightChange(twin(self.encoder).requires_grad_(False), {"method": FROZEN})
            return 0, self.head(change, taught, held), change
        change = self.way.tune(self.encoder, steps=most, seed=self.seed)
        whole = self.head(change, taught, held)
        loop = config.loop.model_copy(
            update={
                "steps": most,
                "examine_every": max(1, most // config.examinations),
                "save_every": most,
            }
        )
        rates = {"": 1.0}
        if trained_weights(change.model):
            rate = config.model_rate or MODEL_RATES.get(config.method, 1e-4)
            rates["encoder"] = rate / loop.learning_rate
        lesson = self._lesson(whole, change, taught, held)
        course = run(
            lesson, loop, seed=self.seed, progress=progress, rates=rates, after=lesson.after
        )
        return course.best_step, whole, change

    def head(self, change: Change[nn.Module], taught: Ints, held: Ints) -> TextModel:
        """Return the changed encoder with the best head upon its vectors as they are now."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            whole = TextModel(
                change.model,
                sides=len(self.sides),
                columns=0 if self.read.beside is None else self.read.beside.shape[1],
                outputs=self.task.outputs,
                dropout=self.config.dropout,
            )
        features = self.features(whole)
        whole.take_head(
            *first_head(self.task, features, self.known.truth, taught=taught, held=held)
        )
        return whole

    def part(self, rows: Ints) -> Read:
        """Return some rows of what was read, as tokens still."""
        sides = tuple(side.take(rows) for side in self.sides)
        beside = None if self.read.beside is None else self.read.beside[rows]
        return Read(sides, beside, self.read.truth[rows])

    def features(self, whole: TextModel) -> Floats:
        """Return what the head reads of all texts (N, F)."""
        vectors = [torch.from_numpy(vectors_of(whole.encoder, side)) for side in self.sides]
        beside = self.read.beside
        told = features_of(vectors, None if beside is None else torch.from_numpy(beside))
        return told.numpy()

    def weigh(self, others: Others, whole: TextModel, *, taught: Ints, held: Ints) -> Weighed:
        """Weigh the model with the others, and give it the head that was found best."""
        config = self.config
        if len(held):
            weighed = others.weigh(self.said(whole, held), taught=taught, held=held)
        else:
            frozen = config.method == FROZEN
            weighed = others.weigh_by_folds(self.features(whole), frozen=frozen)
        if weighed.head is not None:
            whole.take_head(*weighed.head)
        self.guess(others, whole, weighed)
        return weighed

    def guess(self, others: Others, whole: TextModel, weighed: Weighed) -> None:
        """Let the model's head learn from texts without a label too, if that is asked for.

        It takes the place of the head before among the readers that were weighed, so what it says
        is brought to the same spread.
        """
        config, texts = self.config.pseudo_labels, others.unlabelled
        if config is None or not texts:
            return
        side = self.base.side(texts, longest=self.longest)
        vectors = torch.from_numpy(vectors_of(whole.encoder, side))
        features = features_of([vectors], None).numpy()
        weights, shift = (
            each.detach().cpu().numpy() for each in (whole.head.weight, whole.head.bias)
        )
        before = features @ weights.T + shift
        said = weighed.blend([before, *weighed.said_beside([(each,) for each in texts])])
        weights, shift = learn_from_guesses(
            self.task,
            self.features(whole),
            self.known.truth,
            others=features,
            said=said,
            penalty=weighed.penalty,
            config=config,
        )
        after = features @ weights.T + shift
        scale = np.float32(before.std() / max(float(after.std()), 1e-9))
        whole.take_head(weights * scale, shift * scale)

    def said(self, whole: TextModel, rows: Ints) -> Floats:
        """Return what a model says of some rows (M, K)."""
        return self.part(rows).scores(whole)

    def _lesson(
        self,
        whole: TextModel,
        change: Change[nn.Module],
        taught: Ints,
        held: Ints,
    ) -> TextLesson:
        config, adversary = self.config, None
        if config.adversary is not None:
            body: Any = change.model.body
            table = body.get_input_embeddings()
            adversary = Adversary(table, config.adversary)
        part = self.part(taught)
        weights = None
        if config.balanced:
            if not self.task.classes:
                raise BadConfig("numbers have no classes to balance", hint="balanced = false")
            weights = balance(part.truth, alone=self.task.alone)
        return TextLesson(
            whole,
            change,
            cost=self.loss,
            task=self.task,
            taught=part,
            held=self.part(held) if len(held) else None,
            batch=config.batch,
            seed=self.seed,
            accumulate=config.loop.accumulate,
            weights=weights,
            adversary=adversary,
        )


def _loses_a_class(known: LabelledTexts, taught: Ints) -> bool:
    """Return whether some class would have nobody to teach it."""
    if known.truth.ndim == 1:
        return False
    return bool(((known.truth > 0).any(axis=0) & ~(known.truth[taught] > 0).any(axis=0)).any())


def _usual_loss(task: TextTask) -> str:
    if not task.classes:
        return "squared"
    return "multi_class" if task.alone else "binary"


def _loss_of(task: TextTask, config: TextFinetuneConfig) -> tuple[str, Loss]:
    """Return the loss and its name, or refuse one that cannot teach the task."""
    name = config.loss or _usual_loss(task)
    kind = plugins.load(losses, name)
    shapes = {"how_many", "how_much"} if not task.classes else {"which"}
    if not shapes & kind.shapes or kind.outputs != 1:
        raise BadConfig(
            f"the loss {name!r} cannot teach {task.kind}", hint=f"loss = {_usual_loss(task)!r}"
        )
    settings = dict(config.loss_settings)
    if not task.classes:
        # Numbers come as deviations from their mean, below nought too.
        settings["logarithm"] = False
    return name, kind.read(settings, where=f"[loss_settings] of {name}")
