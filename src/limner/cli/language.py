"""Language models, as a user tunes them and asks them: from files to a folder and figures."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.cli.tables_told import TablesTold
from limner.errors import BadConfig, BadShape, MissingExtra, NoWorkspace, TooFew

if TYPE_CHECKING:
    import polars as pl

    from limner.heads.language.light_text import LightText
    from limner.heads.language.task import Kind
    from limner.training.language.text_metrics import TextScores
    from limner.training.language.tuned_text import TunedText

__all__ = [
    "PretrainedLanguage",
    "TunedLanguage",
    "language_settings",
    "need_language",
    "open_tuned",
    "predict_texts",
    "pretrain_language",
    "tune_language",
]


BELOW = frozenset({"pretrain", "text"})
"""Tables below ``[language]`` and ``[vision]`` with settings of something else."""


@dataclass(frozen=True, slots=True)
class TunedLanguage:
    """What tuning left: figures on the test texts, and the folder.

    ``without_label`` rows of the training table had no label, and taught nothing; ``unlabelled``
    texts beside them had none either, and told what texts are about.
    """

    kind: str
    method: str
    base: str
    scores: "TextScores"
    readers: "Mapping[str, TextScores]"
    parameters_trained: int
    parameters: int
    without_label: int
    unlabelled: int
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "kind": self.kind,
            "method": self.method,
            "base": self.base,
            **self.scores.to_dict(),
            "readers": {name: dict(each.values) for name, each in self.readers.items()},
            "parameters_trained": self.parameters_trained,
            "parameters": self.parameters,
            "without_label": self.without_label,
            "unlabelled": self.unlabelled,
            "seconds": self.seconds,
            "folder": str(self.folder),
        }


def tune_language(
    train: Path,
    test: Path,
    *,
    text: Sequence[str],
    label: str,
    kind: "Kind",
    out: Path,
    unlabelled: Path | None = None,
    beside: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Tell,
) -> TunedLanguage:
    """Tune a language model on one table and examine it on another.

    Parameters
    ----------
    train, test
        Tables with texts and labels.
    text
        The column of the text; for ``pair`` two.
    label
        The column of the label.
    kind
        What is asked.
    out
        The folder for the change, the card and the report.
    unlabelled
        Texts of the same kind that have no label: a table, or a file with a text a line.
    beside
        Columns that are read beside the text: numbers, or lists of numbers such as a profile.
    settings
        Of :class:`~limner.training.language.text_config.TextFinetuneConfig`.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadSource
        If a table or column is not there, or not what was asked.
    BadConfig, BadModel, TooFew, MissingExtra
        As :func:`~limner.training.language.finetuning.finetune_texts` has it.
    """
    need_language()
    from limner.cli.texts import unlabelled_texts
    from limner.heads.language.task import TextTask
    from limner.training.language.finetuning import finetune_texts
    from limner.training.language.labelled_texts import LabelledTexts
    from limner.training.language.text_config import TextFinetuneConfig
    from limner.training.language.text_metrics import score_texts
    from limner.training.language.text_report import confusion_file, text_card, text_report

    config = TextFinetuneConfig.read(settings or {}, where="[language]")
    demand_folder(out)
    if kind == "pair" and len(text) != 2:
        raise BadConfig("pair asks two columns of text", hint="--text ONE --text OTHER")
    texts, labels, columns, without = _rows(train, text, label, beside)
    asked, truth, test_columns, _ = _rows(test, text, label, beside)
    with _naming(train, label):
        task = TextTask.of(kind, labels)
        known = LabelledTexts.of(task, texts, labels, beside=columns)
    with _naming(test, label):
        unknown = task.truth(truth)
    more = [] if unlabelled is None else unlabelled_texts(unlabelled, text)
    began = time.perf_counter()
    tuned = finetune_texts(
        task, known, unlabelled=more, config=config, seed=seed, progress=progress
    )
    readings = tuned.readings(asked, beside=test_columns)
    scores = score_texts(task, task.answer(tuned.blend(readings)), unknown, seed=seed)
    readers = {
        name: score_texts(task, task.answer(each), unknown, seed=seed)
        for name, each in zip(tuned.readers, readings, strict=True)
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    tuned.save(out)
    (out / "card.md").write_text(text_card(tuned, scores), encoding="utf-8")
    (out / "report.html").write_text(text_report(tuned, scores, readers), encoding="utf-8")
    if picture := confusion_file(scores):
        (out / "confusion.svg").write_text(picture, encoding="utf-8")
    done = TunedLanguage(
        kind=kind,
        method=config.method,
        base=config.base,
        scores=scores,
        readers=readers,
        parameters_trained=tuned.trained,
        parameters=tuned.weights,
        without_label=without,
        unlabelled=tuned.facts.get("unlabelled", 0),
        seconds=round(time.perf_counter() - began, 1),
        folder=out,
    )
    tables = TablesTold(train, test, text, label).to_dict(out)
    whole = done.to_dict() | {"tables": tables}
    told = json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1)
    (out / "metrics.json").write_text(told + "\n", encoding="utf-8")
    return done


@dataclass(frozen=True, slots=True)
class PretrainedLanguage:
    """What pretraining left: the losses of texts held out, and the folder of the model."""

    objective: str
    base: str
    texts: int
    steps: int
    loss: float | None
    first_loss: float | None
    parameters: int
    vocabulary: int
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"folder": str(self.folder)}


def pretrain_language(
    file: Path,
    *,
    text: Sequence[str],
    out: Path,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Tell,
) -> PretrainedLanguage:
    """Let a language model learn from the texts of a file, without a label.

    Parameters
    ----------
    file
        A table, or a file with a text a line.
    text
        Columns of a table: one, or two that belong together.
    out
        The folder for the model, its card and its curves; what was learned when a run was killed
        lies beside it until the run is done.
    settings
        Of :class:`~limner.training.language.pretraining.TextPretrainConfig`.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadSource, BadConfig, BadModel, TooFew, MissingExtra
        As :func:`~limner.training.language.pretraining.pretrain_texts` has it.
    """
    need_language()
    from limner.cli.texts import read_texts
    from limner.training.curves import curves_file
    from limner.training.language.pretraining import TextPretrainConfig, pretrain_texts
    from limner.training.language.text_report import pretrained_card

    config = TextPretrainConfig.read(settings or {}, where="[language.pretrain]")
    demand_folder(out)
    rows = read_texts(file, text)
    mark = hashlib.blake2b(
        json.dumps([config.model_dump(mode="json"), seed, rows]).encode(), digest_size=6
    ).hexdigest()
    keep = out.with_name(f".{out.name}-{mark}")
    done = pretrain_texts(rows, config=config, seed=seed, keep=keep, progress=progress)
    examined = [value for _, value in done.course.examined]
    notes = [("card.md", pretrained_card(done)), ("curves.svg", curves_file(done.course))]
    done.save(out, notes=notes)
    shutil.rmtree(keep, ignore_errors=True)
    return PretrainedLanguage(
        objective=config.objective,
        base=config.base,
        texts=done.facts["texts"],
        steps=len(done.course.losses),
        loss=min(examined) if examined else None,
        first_loss=examined[0] if examined else None,
        parameters=done.weights,
        vocabulary=done.facts["vocabulary"],
        seconds=round(done.seconds, 1),
        folder=out,
    )


def predict_texts(
    folder: Path,
    texts: Path,
    *,
    text: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> "pl.DataFrame":
    """Ask a tuned model about every text of a file.

    Returns
    -------
    A row a text, in the order of the file: ``label`` (a class, the classes, or the number), and a
    column ``p_CLASS`` for each class.

    Raises
    ------
    NotFitted
        If nothing was tuned in the folder.
    BadSource
        If the file or a column cannot be read.
    """
    need_language()
    import polars as pl

    from limner.cli.texts import beside_of, read_table, read_texts

    tuned = open_tuned(folder)
    rows = read_texts(texts, text)
    columns = beside_of(read_table(texts), beside, texts) if beside else None
    answers = tuned.predict(rows, beside=columns)
    table = pl.DataFrame({"label": tuned.task.names(answers)})
    return table.with_columns(
        pl.Series(f"p_{name}", answers[:, at]) for at, name in enumerate(tuned.task.classes)
    )


def language_settings(
    workspace: Path | None, *, below: str = "", table: str = "language", **given: object
) -> dict[str, Any]:
    """Return the table ``[language]`` of a workspace, with what was given on the command line.

    Parameters
    ----------
    below
        Which table below is meant, as ``pretrain`` for ``[language.pretrain]``; empty: that itself.
    table
        ``language`` or ``vision``.
    workspace
        Its folder; none: the nearest from the current folder upwards, if there is one.
    given
        Settings that go before the table's; those that are None were not given.

    Raises
    ------
    NoWorkspace
        If the folder was named and is none.
    BadConfig
        If its ``limner.toml`` is not as it must be.
    """
    from limner.cli.settings import SETTINGS_NAME, nearest, read_settings

    try:
        folder = nearest(Path.cwd()) if workspace is None else workspace
    except NoWorkspace:
        found: Mapping[str, Any] = {}
    else:
        if not (folder / SETTINGS_NAME).is_file():
            raise NoWorkspace(f"{folder} must hold a {SETTINGS_NAME}, but there is none")
        settings = read_settings(folder / SETTINGS_NAME)
        found = settings.language if table == "language" else settings.vision
    # Tuning has settings of its own, and so has what stands in the tables below.
    found = (
        found.get(below, {})
        if below
        else {name: each for name, each in found.items() if name not in BELOW}
    )
    return {**found, **{name: each for name, each in given.items() if each is not None}}


def open_tuned(folder: Path) -> "TunedText | LightText":
    """Open what was tuned, or what was made light of it."""
    from limner.heads.language.light_text import LIGHT_FILE, LightText

    if (folder / LIGHT_FILE).is_file():
        return LightText.load(folder)
    from limner.training.language.tuned_text import load_tuned_text

    return load_tuned_text(folder)


@contextmanager
def _naming(file: Path, label: str) -> Iterator[None]:
    """Say of which file and column it was that a label does not fit."""
    try:
        yield
    except (BadShape, TooFew) as error:
        raise type(error)(f"{file}, column {label!r}: {error.message}", hint=error.hint) from None


def need_language() -> None:
    """Refuse early, and with a hint, where what reads texts is not installed."""
    for package in ("torch", "safetensors", "scipy", "sklearn", "transformers"):
        try:
            __import__(package)
        except ImportError:
            raise MissingExtra("language models", package, "language") from None


def _rows(
    file: Path, text: Sequence[str], label: str, beside: Sequence[str]
) -> tuple[list[tuple[object, ...]], list[Any], Any, int]:
    """Return texts, labels, what is known beside them, and how many rows had no label."""
    from limner.cli.texts import beside_of, labelled_table, texts_of

    table, without = labelled_table(file, label)
    rows = texts_of(table, text, file)
    return rows, table[label].to_list(), beside_of(table, beside, file), without
