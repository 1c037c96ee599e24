"""Learning and examining, as a workspace does it: into folders that say how they came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.behaviour import need_torch
from limner.cli.portraits import draw, portrait_config
from limner.cli.progress import Tell
from limner.cli.reviews import review_note, review_traits
from limner.cli.runs import open_run
from limner.cli.sourcing import was_erased
from limner.cli.tuning import learning_of
from limner.engine import Executor, Here, Pool
from limner.errors import MissingExtra
from limner.profiles.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.heads.forecast import Forecast
    from limner.heads.question import Question
    from limner.training.learning import Learning
    from limner.training.scoreboard import Scoreboard

__all__ = ["Evaluated", "Learned", "examine", "general_first", "learn"]

MODEL = "current"
"""The folder under ``models`` of what was learned last."""

_SHARE_OF_LEARNING = 0.8
"""About how much of the time of a fit goes into learning; the rest draws profiles."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a fit left behind."""

    as_of: datetime
    profiles: int
    questions: tuple[str, ...]
    notes: tuple[str, ...]
    version: str
    folder: Path
    run: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "as_of": self.as_of.isoformat(),
            "profiles": self.profiles,
            "questions": list(self.questions),
            "notes": list(self.notes),
            "model_version": self.version,
            "model": str(self.folder),
            "run": str(self.run),
        }


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation left behind: the scoreboard, remarks, and the folder with the report."""

    scoreboard: "Scoreboard"
    notes: tuple[str, ...]
    run: Path

    @property
    def report(self) -> Path:
        """The page with the pictures."""
        return self.run / "report.html"


def general_first(
    forecasts: "Sequence[Forecast]", questions: "Mapping[str, Question]"
) -> "list[Forecast]":
    """Put those that speak of new items alone behind: what is offered first is of all items."""
    return sorted(forecasts, key=lambda each: questions[each.question].new_days is not None)


def learn(
    workspace: "Workspace",
    *,
    questions: "Mapping[str, Question]",
    as_of: datetime,
    seed: int,
    now: datetime,
    progress: Tell,
) -> Learned:
    """Learn every question as of a moment, and draw every profile; see :meth:`Workspace.fit`."""
    _need_learning()
    from limner.training.fit import fit

    log, settings = workspace.log, workspace.settings
    config = portrait_config(workspace.settings)
    manifest = log.manifest
    run, _ = open_run(
        workspace.folder / "runs",
        "fit",
        at=now,
        facts=_facts(workspace, questions, seed) | {"cut": as_of.isoformat()},
    )
    folder = workspace.folder / "models" / MODEL
    fitted = fit(
        log,
        questions,
        cut=as_of,
        folder=folder,
        fingerprint=manifest.fingerprint,
        seed=seed,
        level=settings.fit.category_steps,
        learning=_asked_learning(workspace, seed=seed),
        executor=_executor(settings.engine.workers, ahead=len(questions)),
        progress=lambda what, share: progress(what, share * _SHARE_OF_LEARNING),
    )
    note = review_note(workspace.folder, log, as_of)
    store = SqliteStore(workspace.folder / "profiles.db")
    try:
        count = draw(
            log,
            general_first(fitted.forecasts, questions),
            store,
            as_of=as_of,
            computed_at=now,
            version=fitted.version,
            config=config,
            traits=review_traits(workspace.folder, as_of),
            describing=workspace.folder,
            without=was_erased(workspace.folder),
            executor=_executor(settings.engine.workers),
            progress=lambda what, share: progress(
                what, _SHARE_OF_LEARNING + share * (1 - _SHARE_OF_LEARNING)
            ),
        )
    finally:
        store.close()
    return Learned(
        as_of=as_of,
        profiles=count,
        questions=tuple(each.question for each in fitted.forecasts),
        notes=(*fitted.notes, *([note] if note else [])),
        version=fitted.version,
        folder=folder,
        run=run,
    )


def examine(
    workspace: "Workspace",
    *,
    questions: "Mapping[str, Question]",
    cuts: Sequence[datetime],
    methods: Sequence[str],
    ladder: bool,
    modalities: bool,
    seed: int,
    now: datetime,
    progress: Tell,
) -> Evaluated:
    """Compare methods at cuts in the past; see :meth:`Workspace.evaluate`."""
    _need_learning()
    from limner.training.evaluate import evaluate
    from limner.training.modalities import tell_modalities
    from limner.training.report import write_report
    from limner.training.scoreboard import Scoreboard

    log, settings = workspace.log, workspace.settings
    evaluation = evaluate(
        log,
        questions,
        cuts=cuts,
        seed=seed,
        methods=list(methods) or None,
        level=settings.fit.category_steps,
        resamples=settings.evaluate.resamples,
        learning=learning_of(workspace, seed=seed),
        ladder=ladder,
        tell=tell_modalities if modalities else None,
        executor=_executor(settings.engine.workers, ahead=len(questions) * len(cuts)),
        progress=progress,
    )
    run, config = open_run(
        workspace.folder / "runs",
        "evaluate",
        at=now,
        facts=_facts(workspace, questions, seed)
        | {
            "cuts": [cut.isoformat() for cut in cuts],
            "methods": list(methods),
            "ladder": ladder,
            "modalities": modalities,
        },
    )
    scoreboard = Scoreboard.of(
        evaluation.rows,
        seed=seed,
        resamples=settings.evaluate.resamples,
        data={key: config[key] for key in ("shop", "log", "cuts", "limner", "commit")},
        slices=evaluation.slices,
        modalities=evaluation.modalities,
    )
    scoreboard.write(run / "scoreboard.json")
    write_report(
        run / "report.html",
        scoreboard=scoreboard,
        answers=evaluation.answers,
        notes=_report_notes(workspace, evaluation.notes),
    )
    return Evaluated(scoreboard, tuple(evaluation.notes), run)


def _report_notes(workspace: "Workspace", remarks: Sequence[str]) -> list[Any]:
    from limner.training.report import Note

    manifest, shop = workspace.log.manifest, workspace.settings.shop
    facts: dict[str | tuple[str, str], Any] = {
        ("shop", "商店"): shop.name,
        ("events", "事件"): f"{manifest.rows:,}",
        ("customers", "顾客"): f"{manifest.customers:,}",
        ("from", "起"): f"{manifest.first:%Y-%m-%d}" if manifest.first else "",
        ("to", "止"): f"{manifest.last:%Y-%m-%d}" if manifest.last else "",
        ("fingerprint of the log", "日志指纹"): manifest.fingerprint,
    }
    notes = [Note(("The data", "数据"), [shop.about] if shop.about else [], facts)]
    if tried := workspace.settings.evaluate.tried:
        notes.append(Note(("What was tried", "做过的尝试"), list(tried)))
    if remarks:
        notes.append(Note(("What could not be asked", "未能回答的问题"), list(remarks)))
    return notes


def _facts(
    workspace: "Workspace", questions: "Mapping[str, Question]", seed: int
) -> dict[str, Any]:
    """Return what every run remembers of the workspace."""
    manifest, settings = workspace.log.manifest, workspace.settings
    return {
        "seed": seed,
        "shop": settings.shop.model_dump(mode="json"),
        "log": {
            "fingerprint": manifest.fingerprint,
            "events": manifest.rows,
            "customers": manifest.customers,
            "first": manifest.first and manifest.first.isoformat(),
            "last": manifest.last and manifest.last.isoformat(),
        },
        "questions": {name: each.model_dump(mode="json") for name, each in questions.items()},
        "fit": settings.fit.model_dump(mode="json"),
        "evaluate": settings.evaluate.model_dump(mode="json"),
        "model": dict(settings.model),
        "pretrain": dict(settings.pretrain),
        "finetune": dict(settings.finetune),
    }


def _asked_learning(workspace: "Workspace", *, seed: int) -> "Learning | None":
    """Return what pretrains models, if the heads shall read what these learned."""
    if workspace.settings.fit.method == "automatic":
        return None
    need_torch()
    return learning_of(workspace, seed=seed)


def _executor(workers: int, *, ahead: int = 1) -> Executor:
    return Here() if workers == 1 else Pool(workers, ahead=ahead)


def _need_learning() -> None:
    """Refuse early, and with a hint, where the packages that learn are not installed."""
    for package in ("lightgbm", "sklearn", "scipy"):
        try:
            __import__(package)
        except ImportError:
            raise MissingExtra("learning", package, "learn") from None
