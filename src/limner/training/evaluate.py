"""Every method, on the same customers, at a cut in time: what it said and what came true."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from limner import plugins
from limner.dataset.aggregates import AggregatesConfig
from limner.dataset.familiarity import new_items, orders_before, tail_items
from limner.dataset.labels import seen_items
from limner.dataset.ledger import Source
from limner.engine import Executor, Here
from limner.errors import BadConfig, MissingExtra, TooFew
from limner.heads import methods as method_folder
from limner.heads.answers import Answers, Rankings, some_rows
from limner.heads.item_shelf import truth_of
from limner.heads.question import Question
from limner.heads.study import Learned, Method, Sample, Study
from limner.training.desks import Desks, dearest_first, plan_question
from limner.training.learning import Learning
from limner.training.scoreboard import Row
from limner.training.scoring import score
from limner.training.slices import last_against_first, score_slices

__all__ = ["Evaluation", "evaluate", "plan_question", "put_question", "silent"]

Progress = Callable[[str, float], None]
Tell = Callable[..., list[Row]]
Ints = NDArray[np.int64]
FOLDS = 5
_SHARE_OF_PRETRAINING = 0.3
"""About how much of the time of an evaluation models of behaviour take to learn."""
DEPTH = 10


def silent(what: str, share: float) -> None:
    """Say nothing of the progress."""
    del what, share


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was said, how it scored, and what is to be known about it."""

    answers: tuple[Answers | Rankings, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    slices: tuple[Row, ...] = ()
    """The foremost metric of customers and items little known and well known, and of the last cut
    against the first; see :mod:`limner.training.slices`."""
    modalities: tuple[Row, ...] = ()
    """What each modality adds, where that was asked; see :mod:`limner.training.modalities`."""


def evaluate(
    log: Source,
    questions: Mapping[str, Question],
    *,
    cuts: Sequence[datetime],
    seed: int = 0,
    methods: Sequence[str] | None = None,
    aggregates: AggregatesConfig | None = None,
    level: int = 2,
    resamples: int = 1000,
    learning: Learning | None = None,
    ladder: bool = False,
    tell: Tell | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Put every question to every method at every cut, and score the answers.

    Parameters
    ----------
    log
        The event log.
    questions
        What is asked, by name.
    cuts
        The moments at which it is asked; each method knows only what lies before.
    seed
        Where chance begins: folds, trees and resamples.
    methods
        The names of the methods to compare; none: all that can answer a question's shape, but for
        the rungs of the ladder.
    aggregates
        Settings of the automatic block.
    level
        Which step of the category path is the category; see :meth:`Ledger.of`.
    resamples
        How often the customers are drawn anew for the intervals.
    learning
        How models of behaviour are pretrained for the methods that ask them; none: those methods
        are left out.
    ladder
        Whether all rungs are compared too: frozen vectors, and models tuned by each way.
    tell
        Says what each modality adds to a question, by seed and resamples:
        :func:`limner.training.modalities.tell_modalities`; none: that is not asked.
    executor
        Where the questions are worked on; none: in this process, one after another. The answers
        are the same wherever it is.
    progress
        Is told what was done last and the share done.

    Raises
    ------
    UnknownPlugin
        If a method is unknown.
    BadConfig
        If a method was named that asks a model, or the ladder wished, and ``learning`` is none.
    TooFew
        If a cut leaves too little history, or no question could be put at all.
    """
    names = _chosen(methods, learns=learning is not None, ladder=ladder)
    desks = Desks(log, dict(questions), seed, aggregates, level)
    share = 0.0
    if learning is not None and (tell or any(_asks_models(name) for name in names)):
        share = _SHARE_OF_PRETRAINING
        learning.prepare(
            desks,
            cuts,
            names,
            executor=executor,
            progress=lambda what, done: progress(what, done * share),
        )
    examiner = _Examiner(desks, tuple(_in_order(names)), resamples, tell)
    asked = [(name, cut) for cut in cuts for name in questions]
    order = sorted(asked, key=lambda one: (cuts.index(one[1]), dearest_first(questions[one[0]])))
    found: dict[tuple[str, datetime], _Examined] = {}
    for done, (one, result) in enumerate(
        zip(order, (executor or Here()).map(examiner, order), strict=True)
    ):
        found[one] = result
        done_so_far = share + (1 - share) * (done + 1) / len(order)
        progress(f"{one[0]} at {one[1]:%Y-%m-%d}", done_so_far)
    notes = tuple(note for one in asked for note in found[one].notes)
    answers = tuple(answer for one in asked if (answer := found[one].answer) is not None)
    if not answers:
        raise TooFew("no question could be put: " + "; ".join(notes))
    rows = tuple(row for one in asked for row in found[one].rows)
    slices = [row for one in asked for row in found[one].slices]
    slices += last_against_first(rows)
    modalities = tuple(row for one in asked for row in found[one].modalities)
    return Evaluation(answers, rows, notes, tuple(slices), modalities)


def _chosen(methods: Sequence[str] | None, *, learns: bool, ladder: bool) -> list[str]:
    """Return the names of the methods to compare, each of which there is."""
    asking = [name for name in methods or () if _asks_models(name)]
    if (asking or ladder) and not learns:
        what = f"the method {asking[0]!r} asks" if asking else "most rungs of the ladder ask"
        raise BadConfig(
            f"{what} a behaviour model, but there is none to learn",
            hint="pip install 'limner[torch]'",
        )
    rungs = plugins.names(method_folder)
    usual = [
        name
        for name in rungs
        if (learns or not _asks_models(name)) and (ladder or not _marked(name, "rung"))
    ]
    if methods is None:
        return usual
    return [*methods, *(name for name in usual if ladder and name not in methods)]


def _asks_models(name: str) -> bool:
    """Return whether a method asks models that learned from the log."""
    return _marked(name, "learned")


def _marked(name: str, mark: str) -> bool:
    return bool(getattr(plugins.load(method_folder, name), mark, False))


@dataclass(frozen=True, slots=True)
class _Examined:
    """What came of one question at one cut."""

    answer: Answers | Rankings | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    slices: tuple[Row, ...] = ()
    modalities: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class _Examiner:
    """Puts one question at one cut; one piece of work of an executor."""

    desks: Desks
    methods: tuple[str, ...]
    resamples: int
    tell: Tell | None = None

    def __call__(self, asked: tuple[str, datetime]) -> _Examined:
        """Let every method answer, and score what they said."""
        name, cut = asked
        where = f"{name} at {cut:%Y-%m-%d}"
        known = {each: plugins.load(method_folder, each)() for each in self.methods}
        try:
            study = self.desks.study(name, cut)
            answer, declined = put_question(study, known)
        except TooFew as refusal:
            return _Examined(None, (), (f"{where}: {refusal.message}",))
        notes = [f"{where}: {method} declines: {why}" for method, why in declined.items()]
        if study.plan.shortened:
            notes.append(
                f"{where}: the log is shorter than two horizons before the cut, so methods learned "
                f"from windows of {study.plan.validation.horizon_days:.0f} days and answer for "
                f"{study.question.horizon_days:g}"
            )
        seed = self.desks.seed
        rows = score(answer, seed=seed, resamples=self.resamples)
        slices = score_slices(answer, seed=seed, resamples=self.resamples)
        added: list[Row] = []
        if self.tell is not None:
            try:
                added = self.tell(study, seed=seed, resamples=self.resamples)
            except TooFew as refusal:
                notes.append(f"{where}: {refusal.message}")
        return _Examined(answer, tuple(rows), tuple(notes), tuple(slices), tuple(added))


def _in_order(names: Sequence[str]) -> list[str]:
    """Sort methods from the simplest to the richest; strangers come last by name."""
    ladder = (
        *("base", "recency", "hand_made", "bgnbd", "automatic"),
        *("frozen_linear", "frozen_boosted", "top", "lora", "adalora", "adapter", "full", "joint"),
        *("popularity", "own_frequency", "item_to_item", "ease", "reranked", "fused"),
    )
    return sorted(names, key=lambda name: (ladder.index(name) if name in ladder else 99, name))


def put_question(
    study: Study, methods: Mapping[str, Method]
) -> tuple[Answers | Rankings, dict[str, str]]:
    """Put a study's question to every method that can answer its shape; tell who declined, why."""
    shape = study.question.shape
    able = {name: method for name, method in methods.items() if shape in method.shapes}
    if not able:
        raise TooFew(f"no method among {', '.join(methods)} answers {shape!r}")
    if study.question.attribute is not None:
        return _cross_fit(study, able)
    if study.plan.test.end > study.ledger.last + timedelta(days=1):
        raise TooFew(
            f"the window ends {study.plan.test.end:%Y-%m-%d}, after the last event "
            f"{study.ledger.last:%Y-%m-%d}: what came true is not known yet",
            hint="evaluate at an earlier cut",
        )
    if shape == "what_next":
        return _rank(study, able)
    train, validation = study.training()
    asked = study.sample(study.plan.test)
    _enough(
        study,
        {
            "to learn from": sum(len(sample.customers) for sample in train),
            "to validate on": len(validation.customers),
            "to ask": len(asked.customers),
        },
    )
    said, seconds, declined = {}, {}, {}
    trained: dict[str, int] = {}
    for name, method in able.items():
        began = time.perf_counter()
        try:
            learned = method.learn(study, train, validation)
        except (BadConfig, MissingExtra, TooFew) as refusal:
            declined[name] = _why(name, refusal)
            continue
        said[name] = learned.predict(study, asked.window, asked.customers)
        seconds[name] = time.perf_counter() - began
        trained |= _trained(name, learned)
    return _answers(study, asked, said, seconds, trained), declined


def _cross_fit(study: Study, methods: Mapping[str, Method]) -> tuple[Answers, dict[str, str]]:
    """Ask for an attribute, of each fold of customers from what the other folds told."""
    asked = study.sample(study.plan.test)
    if len(asked.customers) < 10 * FOLDS:
        raise TooFew(f"only {len(asked.customers)} customers told their {study.question.attribute}")
    folds = np.random.default_rng(study.seed).permutation(len(asked.customers)) % FOLDS
    said: dict[str, NDArray[np.float64]] = {}
    seconds: dict[str, float] = {}
    trained: dict[str, int] = {}
    declined: dict[str, str] = {}
    for name, method in methods.items():
        began = time.perf_counter()
        try:
            for fold in range(FOLDS):
                out, held = folds == fold, folds == (fold + 1) % FOLDS
                learned = method.learn(study, [asked.take(~out & ~held)], asked.take(held))
                answer = learned.predict(study, asked.window, asked.customers[out])
                said.setdefault(name, np.zeros(asked.truth.shape))[out] = answer
        except (BadConfig, MissingExtra, TooFew) as refusal:
            declined[name] = _why(name, refusal)
            said.pop(name, None)
            continue
        seconds[name] = time.perf_counter() - began
        trained |= _trained(name, learned)
    return _answers(study, asked, said, seconds, trained), declined


def _why(name: str, refusal: BadConfig | MissingExtra | TooFew) -> str:
    """Return why a method declines; a package that only a rung needs stops no other."""
    if isinstance(refusal, MissingExtra) and not _marked(name, "rung"):
        raise refusal
    return refusal.message


def _trained(name: str, learned: Learned) -> dict[str, int]:
    """Return how many weights a method trained, where it tells."""
    count = getattr(learned, "trained", None)
    return {} if count is None else {name: int(count)}


def _answers(
    study: Study,
    asked: Sample,
    said: Mapping[str, NDArray[np.float64]],
    seconds: Mapping[str, float],
    trained: Mapping[str, int],
) -> Answers:
    return Answers(
        question=study.name,
        shape=study.question.shape,
        horizon_days=0 if study.question.attribute is not None else study.question.horizon_days,
        cut=asked.window.cut,
        customers=study.ledger.customers[asked.customers],
        truth=asked.truth,
        predictions=said,
        classes=study.class_names,
        seconds=seconds,
        trained=trained,
        orders=_orders(study, asked.window.cut)[asked.customers],
    )


def _rank(study: Study, methods: Mapping[str, Method]) -> tuple[Rankings, dict[str, str]]:
    """Ask every recommender for its best items; tell who declined."""
    window, ledger = study.plan.test, study.ledger
    truth = truth_of(study, window)
    customers = truth.customers
    _enough(study, {"to ask": len(customers)})
    seen_at, seen = seen_items(ledger, window, deeds=study.question.deeds)
    tail = tail_items(np.bincount(seen, minlength=len(ledger.items)))
    seen_at, seen = some_rows(seen_at, seen, customers)
    top, seconds, declined = {}, {}, {}
    for name, method in methods.items():
        began = time.perf_counter()
        try:
            ranked = method.rank(study, window, customers, most=DEPTH)  # type: ignore[attr-defined]
        except (BadConfig, MissingExtra, TooFew) as refusal:
            declined[name] = _why(name, refusal)
            continue
        top[name] = ranked.items
        seconds[name] = time.perf_counter() - began
    rankings = Rankings(
        question=study.name,
        shape="what_next",
        horizon_days=study.question.horizon_days,
        cut=window.cut,
        customers=ledger.customers[customers],
        truth_at=truth.at,
        truth=truth.items,
        seen_at=seen_at,
        seen=seen,
        top=top,
        items=len(ledger.items),
        seconds=seconds,
        orders=_orders(study, window.cut)[customers],
        new=new_items(ledger, window.cut),
        tail=tail,
    )
    return rankings, declined


def _orders(study: Study, cut: datetime) -> Ints:
    """Return how many orders each customer had before a cut, counted once for all questions."""
    found = study.desk.once(("orders before", cut), lambda: orders_before(study.ledger, cut))
    return np.asarray(found)


def _enough(study: Study, counts: Mapping[str, int]) -> None:
    """Refuse what cannot be learned or measured, and say why."""
    for what, count in counts.items():
        if count < 20:
            raise TooFew(
                f"{study.name}: {count} customers {what}, and 20 are the least",
                hint="choose a later cut, a longer among_days or a shorter horizon",
            )
