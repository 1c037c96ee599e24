"""Learning every question of a shop as of a moment, and answering it for every customer."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import __version__, dataset, heads
from limner.dataset.aggregates import AggregatesConfig
from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger, Source
from limner.engine import Executor, Here
from limner.errors import TooFew
from limner.events.item_vectors import looks_of
from limner.heads.blockwise import BlockAnswer
from limner.heads.features import habit_names, habits_block
from limner.heads.forecast import Forecast
from limner.heads.methods.automatic import Automatic
from limner.heads.methods.fused import Fused
from limner.heads.methods.reranked import Reranked
from limner.heads.question import Question
from limner.heads.study import Learned, Study
from limner.training.desks import Desks, dearest_first
from limner.training.evaluate import Progress, silent
from limner.training.learning import Learning

__all__ = ["Fitted", "fit"]

Ints = NDArray[np.int64]
FACTORS = 6
_SHARE_OF_PRETRAINING = 0.4
"""About how much of the time of a fit models of behaviour take to learn."""
RANKED = 100


@dataclass(frozen=True, slots=True)
class Fitted:
    """The forecasts, and what is to be known about them."""

    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    version: str


def fit(
    log: Source,
    questions: Mapping[str, Question],
    *,
    cut: datetime,
    folder: Path,
    fingerprint: str,
    seed: int = 0,
    aggregates: AggregatesConfig | None = None,
    level: int = 2,
    learning: Learning | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Learn every question from what lies before a cut, and answer it as of the cut.

    Each question's heads are written to ``folder`` as soon as they are learned, whole or not at
    all; a run that was killed goes on with the next question, and the same log, questions, cut and
    seed give the same answers whether it was killed or not.

    Parameters
    ----------
    log
        The event log.
    questions
        What is asked, by name.
    cut
        As of when. Only events strictly before it are read.
    folder
        Where the model lies: ``config.json``, ``card.md`` and ``heads/<question>/``.
    fingerprint
        What tells this log's content from any other's.
    learning
        How models of behaviour are pretrained, for heads to read what was learned beside what was
        counted; none: the heads read what was counted alone.
    executor
        Where the questions are worked on; none: in this process, one after another. The answers
        are the same wherever it is.
    progress
        Is told what was done last and the share done.

    Raises
    ------
    TooFew
        If not a single question could be learned.
    """
    settings = {
        "limner": __version__,
        "code": _code_digest(),
        "log": fingerprint,
        "cut": cut.isoformat(),
        "seed": seed,
        "level": level,
        "learning": learning.mark if learning is not None else None,
        "aggregates": (aggregates or AggregatesConfig()).model_dump(mode="json"),
        "questions": {name: one.model_dump(mode="json") for name, one in questions.items()},
    }
    if looks := looks_of(log, np.zeros(0, np.str_)):
        settings["looks"] = {name: each.version for name, each in sorted(looks.items())}
    version = _digest(settings)
    folder.mkdir(parents=True, exist_ok=True)
    desks = Desks(log, dict(questions), seed, aggregates, level, before=cut)
    share = 0.0
    if learning is not None:
        share = _SHARE_OF_PRETRAINING
        learning.prepare(
            desks,
            [cut],
            ["fused"],
            executor=executor,
            progress=lambda what, done: progress(what, done * share),
        )
    learner = _Learner(desks, cut, folder, version, settings)
    order = sorted(questions, key=lambda name: dearest_first(questions[name]))
    found: dict[str, Forecast | str] = {}
    for done, (name, result) in enumerate(
        zip(order, (executor or Here()).map(learner, order), strict=True)
    ):
        found[name] = result
        progress(name, share + (1 - share) * (done + 1) / len(order))
    results = [found[name] for name in questions]
    forecasts = [one for one in results if isinstance(one, Forecast)]
    notes = [one for one in results if isinstance(one, str)]
    if not forecasts:
        raise TooFew("no question could be learned: " + "; ".join(notes))
    _write(folder / "config.json", json.dumps(settings, indent=2))
    _write(folder / "card.md", _card(settings, desks.ledger, forecasts, notes, version))
    return Fitted(tuple(forecasts), tuple(notes), version)


@dataclass(frozen=True, slots=True)
class _Learner:
    """Learns and answers one question; one piece of work of an executor."""

    desks: Desks
    cut: datetime
    folder: Path
    version: str
    settings: Mapping[str, object]

    def __call__(self, name: str) -> Forecast | str:
        """Return the forecast, or why there is none."""
        try:
            study = self.desks.study(name, self.cut)
            if study.question.shape == "what_next":
                return _ranked(study, self.version)
            own = {key: value for key, value in self.settings.items() if key != "questions"}
            # Columns depend on when the classes were learned, which another question may decide.
            columns = study.desk.aggregates
            own |= {"columns": _digest([columns.names, columns.edges])}
            own |= {"question": study.question.model_dump(mode="json"), "plan": str(study.plan)}
            learned = _learned(study, self.folder / "heads" / name, _digest(own))
            return _answered(study, learned, self.version)
        except TooFew as refusal:
            return f"{name}: {refusal.message}"


def _learned(study: Study, folder: Path, key: str) -> Learned:
    """Load the heads that were learned from the same; otherwise learn and keep them."""
    mark = folder / "learned.json"
    # Who somebody is needs no model, and tastes tell it better: docs/experiments.md.
    reads_all = study.desk.behaviour is not None or study.question.attribute is not None
    method = Fused() if reads_all else Automatic()
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8"))["key"] == key:
        return method.load(study, folder)
    if study.question.attribute is not None:
        told = study.sample(study.plan.test)
        held = np.random.default_rng(study.seed).permutation(len(told.customers)) % 5 == 0
        if len(told.customers) < 50:
            raise TooFew(f"only {len(told.customers)} customers told their {study.name}")
        learned = method.learn(study, [told.take(~held)], told.take(held))
    else:
        train, validation = study.training()
        if sum(len(sample.customers) for sample in train) < 20 or len(validation.customers) < 20:
            raise TooFew("fewer than 20 customers to learn from or to validate on")
        learned = method.learn(study, train, validation)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    learned.save(fresh)
    (fresh / "learned.json").write_text(json.dumps({"key": key}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return learned


def _answered(study: Study, learned: Learned, version: str) -> Forecast:
    window = study.plan.test
    customers = study.asked(window) if study.question.attribute is None else study.untold(window)
    values = learned.predict(study, window, customers)
    if study.question.shape in ("how_many", "how_much"):
        values = values[:, 0]
    places, effects, raw = _factors(study, learned, window, customers)
    return Forecast(
        question=study.name,
        shape=study.question.shape,
        horizon_days=0 if study.question.attribute is not None else study.question.horizon_days,
        as_of=window.cut,
        unit=study.question.unit,
        model_version=version,
        customers=study.ledger.customers[customers],
        values=values,
        classes=study.class_names,
        factor_names=habit_names(study) if places.size else (),
        factor_places=places,
        factor_effects=effects,
        factor_values=raw,
    )


def _factors(
    study: Study, learned: Learned, window: Window, customers: Ints
) -> tuple[Ints, NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns that moved each answer most: places, effects, raw values (N, R)."""
    if not isinstance(learned, BlockAnswer) or study.question.shape != "whether":
        empty = np.zeros((0, 0))
        return empty.astype(np.int64), empty, empty
    effects = learned.heads[0].contributions(learned.block(study, window, customers))
    # Behind the habits stand numbers that a model learned, which have no words.
    block = habits_block(study, window, customers)
    effects = effects[:, : block.shape[1]]
    places = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :FACTORS]
    return (
        places,
        np.take_along_axis(effects, places, axis=1),
        np.take_along_axis(block, places, axis=1).astype(np.float64),
    )


def _ranked(study: Study, version: str) -> Forecast:
    window = study.plan.test
    customers = study.asked(window)
    method = Fused() if study.desk.behaviour is not None else Reranked()
    ranked = method.rank(study, window, customers, most=RANKED)
    ids = np.append(study.ledger.items, "")
    sources = np.append(np.array(ranked.reason_names, np.str_), "")
    return Forecast(
        question=study.name,
        shape="what_next",
        horizon_days=study.question.horizon_days,
        as_of=window.cut,
        unit=study.question.unit,
        model_version=version,
        customers=study.ledger.customers[customers],
        values=np.zeros(0),
        items=ids[ranked.items],
        scores=ranked.scores.astype(np.float64),
        sources=sources[ranked.reasons],
    )


@cache
def _code_digest() -> str:
    """Tell the code that learns from any other: heads that other code has kept are learned anew."""
    digest = hashlib.blake2b(digest_size=6)
    for package in (dataset, heads):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _digest(settings: object) -> str:
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(file)


def _card(
    settings: Mapping[str, object],
    ledger: Ledger,
    forecasts: list[Forecast],
    notes: list[str],
    version: str,
) -> str:
    source = (
        f"Learned from {ledger.rows:,} events of {len(ledger):,} customers, "
        f"{ledger.first:%Y-%m-%d} to {ledger.last:%Y-%m-%d}, all before {settings['cut']}; "
        f"log {settings['log']}, seed {settings['seed']}, Limner {settings['limner']}."
    )
    table = [
        f"| {one.question} | {one.shape} | {one.horizon_days:g} | {len(one):,} |"
        for one in forecasts
    ]
    learned = ", vectors of behaviour models" if settings["learning"] else ""
    if ledger.looks:
        learned += f", what was met by its {' and '.join(sorted(ledger.looks))}"
    method = (
        f"Method: automatic aggregates{learned}; a calibrated stack of boosted and bagged trees "
        "for whether, boosted heads for amounts, a pooled head for classes, reranked candidates "
        "for items. How good it is: `limner evaluate`."
    )
    limits = (
        "Limits: it knows what the log holds and nothing else; it foresees no season that it "
        "has not seen; customers outside `among_days` get no answer."
    )
    head = "| question | shape | horizon, days | customers answered |"
    lines = [f"# Model {version}", "", source, "", head, "| --- | --- | --- | --- |", *table]
    lines += ["", method, "", limits]
    if notes:
        lines += ["", "Not learned:", *(f"- {note}" for note in notes)]
    return "\n".join(lines)
