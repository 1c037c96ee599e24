"""Vision models, as a user tunes them and asks them: from files to a folder and figures."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.compressing import agreement, bytes_of
from limner.cli.language import need_language
from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.errors import BadConfig, BadSource, MissingExtra

if TYPE_CHECKING:
    import polars as pl

    from limner.heads.language.task import Kind
    from limner.heads.vision.light_pictures import LightPictures
    from limner.training.language.text_metrics import TextScores
    from limner.training.vision.picture_tuning import TunedPictures

__all__ = [
    "CompressedVision",
    "TunedVision",
    "compress_vision",
    "predict_pictures",
    "tune_vision",
]

COMPARED = 200
"""For so many pictures at most the nearest ones are looked up."""
MEASURED = 1000
"""So many pictures at most are asked to compare two models."""


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


@dataclass(frozen=True, slots=True)
class CompressedVision:
    """What making a model light cost and gave: a row for the whole and one for the light one."""

    method: str
    rows: tuple[Mapping[str, Any], ...]
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"folder": str(self.folder)}


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
    from limner.training.vision.picture_report import nearest, picture_card, picture_report
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
    (out / "card.md").write_text(picture_card(tuned, scores), encoding="utf-8")
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

    tuned = _opened(folder)
    answers = tuned.predict(list(pictures))
    table = pl.DataFrame(
        {"picture": [str(each) for each in pictures], "label": tuned.task.names(answers)}
    )
    return table.with_columns(
        pl.Series(f"p_{name}", answers[:, at]) for at, name in enumerate(tuned.task.classes)
    )


def compress_vision(
    folder: Path,
    *,
    method: str,
    pictures: Path,
    image: str,
    label: str,
    out: Path,
    seed: int = 0,
) -> CompressedVision:
    """Make a tuned model light, and say what that costs.

    Parameters
    ----------
    folder
        What :func:`tune_vision` wrote.
    method
        ``whole`` or ``int8``.
    pictures, image, label
        A table with pictures and labels that did not teach: half of it may say in which ranges
        numbers lie, the other half says how right both are.
    out
        The folder to write.
    seed
        Which pictures are shown.

    Raises
    ------
    BadConfig, BadSource, BadPicture, NotFitted, MissingExtra
        As :func:`~limner.training.vision.compression.compress_pictures` has it.
    """
    _need_vision()
    import numpy as np

    from limner.heads.vision.light_pictures import LIGHT_FILE
    from limner.training.language.text_metrics import score_texts
    from limner.training.vision.compression import METHODS, compress_pictures
    from limner.training.vision.picture_tuning import load_tuned_pictures

    if method not in METHODS:
        raise BadConfig(f"--method must be one of {', '.join(METHODS)}, got {method!r}")
    demand_folder(out)
    if out.resolve() == folder.resolve():
        raise BadConfig(f"--out must not be the model itself, {folder}", hint="name another folder")
    if (folder / LIGHT_FILE).is_file():
        raise BadConfig(
            f"{folder} is a light model already", hint="give the folder that finetune wrote"
        )
    tuned, began = load_tuned_pictures(folder), time.perf_counter()
    given, labels = _rows(pictures, image, label)
    order = np.random.default_rng(seed).permutation(len(given))
    shown, asked = order[: len(order) // 2], np.sort(order[len(order) // 2 :])[:MEASURED]
    light = compress_pictures(
        tuned,
        out,
        method=method,  # type: ignore[arg-type] # one of two, as was seen above
        pictures=[given[row] for row in shown],
        seed=seed,
    )
    seconds = time.perf_counter() - began
    some = [given[row] for row in asked]
    truth = tuned.task.truth([labels[row] for row in asked])
    whole_said, rows = tuned.predict(some), []
    sizes = {"whole": tuned.weights * 4, "light": bytes_of(out)}
    for name, model in (("whole", tuned), ("light", light)):
        start = time.perf_counter()
        said = model.predict(some)
        took = time.perf_counter() - start
        rows.append(
            {
                "model": name,
                "megabytes": round(sizes[name] / 1e6, 1),
                "pictures_per_second": round(len(some) / took, 1),
                "agreement": agreement(tuned.task.classes, whole_said, said),
                **score_texts(tuned.task, said, truth, seed=seed).values,
            }
        )
    return CompressedVision(method, tuple(rows), round(seconds, 1), out)


def _opened(folder: Path) -> "TunedPictures | LightPictures":
    """Open what was tuned, or what was made light of it."""
    from limner.heads.vision.light_pictures import LIGHT_FILE, LightPictures

    if (folder / LIGHT_FILE).is_file():
        return LightPictures.load(folder)
    from limner.training.vision.picture_tuning import load_tuned_pictures

    return load_tuned_pictures(folder)


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
