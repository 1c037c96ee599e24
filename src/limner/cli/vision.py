"""Vision models, as a user tunes them and asks them: from files to a folder and figures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.language import need_language
from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.errors import BadSource, MissingExtra

if TYPE_CHECKING:
    import polars as pl

    from limner.heads.language.task import Kind
    from limner.training.language.text_metrics import TextScores

__all__ = ["TunedVision", "predict_pictures", "tune_vision"]

COMPARED = 200
"""For so many pictures at most the nearest ones are looked up."""


@dataclass(frozen=True, slots=True)
class TunedVision:
    """What tuning left: figures on the test pictures, and the folder."""

    kind: str
    method: str
    base: str
    scores: "TextScores"
    parameters_trained: int
    parameters: int
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "kind": self.kind,
            "method": self.method,
            "base": self.base,
            **self.scores.to_dict(),
            "parameters_trained": self.parameters_trained,
            "parameters": self.parameters,
            "seconds": self.seconds,
            "folder": str(self.folder),
        }


def tune_vision(
    train: Path,
    test: Path,
    *,
    image: str,
    label: str,
    kind: "Kind",
    out: Path,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Tell,
) -> TunedVision:
    """Tune a vision model on one table of pictures and examine it on another.

    Parameters
    ----------
    train, test
        Tables with pictures and labels.
    image
        The column of the picture: its bytes, or the path of its file, from the table's folder on.
    label
        The column of the label.
    kind
        ``classify``, ``multilabel`` or ``regress``.
    out
        The folder for the change and the report.
    settings
        Of :class:`~limner.training.vision.picture_tuning.PictureTuneConfig`.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadSource, BadPicture, BadConfig, BadModel, TooFew, MissingExtra
        As :func:`~limner.training.vision.picture_tuning.tune_pictures` has it.
    """
    _need_vision()
    from limner.encoders.vision.pictures import pixels_of
    from limner.heads.language.task import TextTask
    from limner.training.language.text_metrics import score_texts
    from limner.training.language.text_report import confusion_file
    from limner.training.vision.picture_report import nearest, picture_report
    from limner.training.vision.picture_tuning import PictureTuneConfig, tune_pictures

    config = PictureTuneConfig.read(settings or {}, where="[vision]")
    demand_folder(out)
    pictures, labels = _rows(train, image, label)
    asked, wanted = _rows(test, image, label)
    task = TextTask.of(kind, labels)
    truth = task.truth(wanted)
    tuned = tune_pictures(
        task, pictures, task.truth(labels), config=config, seed=seed, progress=progress
    )
    scores = score_texts(task, tuned.predict(asked), truth, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    tuned.save(out)
    some = asked[:: max(1, len(asked) // COMPARED)][:COMPARED]
    read = tuned.encoder.read
    near = nearest(
        read(pixels_of(some, size=tuned.encoder.size)),
        read(pixels_of(pictures, size=tuned.encoder.size)),
    )
    apart = max(1, len(some) // 6)
    page = picture_report(tuned, scores, some[::apart], pictures, near[::apart])
    (out / "report.html").write_text(page, encoding="utf-8")
    if picture := confusion_file(scores):
        (out / "confusion.svg").write_text(picture, encoding="utf-8")
    done = TunedVision(
        kind=kind,
        method=config.method,
        base=config.base,
        scores=scores,
        parameters_trained=tuned.trained,
        parameters=tuned.weights,
        seconds=round(tuned.seconds, 1),
        folder=out,
    )
    told = json.dumps(done.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
    (out / "metrics.json").write_text(told + "\n", encoding="utf-8")
    return done


def predict_pictures(folder: Path, pictures: Sequence[Path]) -> "pl.DataFrame":
    """Ask a tuned model about pictures.

    Returns
    -------
    A row a picture: ``picture``, ``label``, and a column ``p_CLASS`` for each class.

    Raises
    ------
    NotFitted
        If nothing was tuned in the folder.
    BadPicture
        If one cannot be opened.
    """
    _need_vision()
    import polars as pl

    from limner.training.vision.picture_tuning import load_tuned_pictures

    tuned = load_tuned_pictures(folder)
    answers = tuned.predict(list(pictures))
    table = pl.DataFrame(
        {"picture": [str(each) for each in pictures], "label": tuned.task.names(answers)}
    )
    return table.with_columns(
        pl.Series(f"p_{name}", answers[:, at]) for at, name in enumerate(tuned.task.classes)
    )


def _rows(file: Path, image: str, label: str) -> tuple[list[bytes | Path], list[Any]]:
    """Return pictures and labels, rows without either left out."""
    import polars as pl

    from limner.cli.texts import column_of, read_table

    table = read_table(file)
    pictures, labels = column_of(table, image, file), column_of(table, label, file)
    kept = table.filter(pictures.is_not_null() & labels.is_not_null())
    if not len(kept):
        raise BadSource(f"{file} has no row with {image!r} and {label!r}")
    if kept[image].dtype == pl.Binary:
        return kept[image].to_list(), kept[label].to_list()
    if kept[image].dtype != pl.String:
        raise BadSource(f"{file}: {image!r} must be bytes or paths, it is {kept[image].dtype}")
    found: list[bytes | Path] = [file.parent / each for each in kept[image].to_list()]
    return found, kept[label].to_list()


def _need_vision() -> None:
    need_language()
    try:
        __import__("PIL")
    except ImportError:
        raise MissingExtra("vision models", "pillow", "vision") from None
