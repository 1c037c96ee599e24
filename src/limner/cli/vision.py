"""Vision models, as a user tunes them and asks them: from files to a folder and figures."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.compressing import agreement, bytes_of, demand_beside
from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.cli.tables_told import TablesTold, demand_table
from limner.cli.vision_asking import need_vision
from limner.errors import BadConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from limner.cli.pictures import PictureTable
    from limner.heads.language.task import Kind, TextTask
    from limner.training.language.text_config import TextFinetuneConfig
    from limner.training.language.text_metrics import TextScores
    from limner.training.vision.picture_tuning import PictureTuneConfig, TunedPictures

__all__ = [
    "CompressedVision",
    "TunedVision",
    "compress_vision",
    "tune_vision",
]

COMPARED = 200
"""For so many pictures at most the nearest ones are looked up."""
MEASURED = 1000
"""So many pictures at most are asked to compare two models."""
_SAY = "--test FILE --image COL --label COL"


@dataclass(frozen=True, slots=True)
class TunedVision:
    """What tuning left: figures on the test pictures, and the folder.

    ``without`` and ``without_test`` rows of the tables had no picture or no label, and were left
    out; ``shared`` pictures of the test table taught too, byte for byte. Where texts were read too,
    ``readers`` says how right pictures and texts are alone, and ``weights`` how both are weighed.
    """

    kind: str
    method: str
    base: str
    scores: "TextScores"
    readers: "Mapping[str, TextScores]"
    weights: Sequence[float]
    parameters_trained: int
    parameters: int
    without: int
    without_test: int
    shared: int
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
            "weights": list(self.weights),
            "parameters_trained": self.parameters_trained,
            "parameters": self.parameters,
            "rows_left_out": self.without,
            "test_rows_left_out": self.without_test,
            "test_pictures_that_taught": self.shared,
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
    text: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    text_settings: Mapping[str, Any] | None = None,
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
    text
        Columns of what is written of a picture, read one after the other; none: pictures alone.
    settings
        Of :class:`~limner.training.vision.picture_tuning.PictureTuneConfig`.
    text_settings
        Of :class:`~limner.training.language.text_config.TextFinetuneConfig`, which leaves the
        language model as it is where no method is given.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadSource, BadPicture, BadConfig, BadModel, TooFew, MissingExtra
        As :func:`~limner.training.vision.together.tune_together` has it.
    """
    need_vision()
    from limner.cli.pictures import demand_openable, read_pictures, shared
    from limner.encoders.vision.pictures import pixels_of
    from limner.heads.language.task import TextTask
    from limner.training.language.text_config import FROZEN, TextFinetuneConfig
    from limner.training.language.text_metrics import score_texts
    from limner.training.language.text_report import confusion_file
    from limner.training.vision.picture_report import nearest, picture_card, picture_report
    from limner.training.vision.picture_tuning import PictureTuneConfig, tune_pictures

    config = PictureTuneConfig.read(settings or {}, where="[vision]")
    reads = {"method": FROZEN, **(text_settings or {})}
    text_config = TextFinetuneConfig.read(reads, where="[vision.text]")
    demand_folder(out)
    known = read_pictures(train, image=image, label=label, text=text)
    unknown = read_pictures(test, image=image, label=label, text=text)
    pictures, labels, asked = known.pictures, known.labels or [], unknown.pictures
    task = TextTask.of(kind, labels)
    truth = task.truth(unknown.labels or [])
    demand_openable(asked)  # before hours of learning, and before an older model makes room
    if text:
        told = _both(
            task,
            known,
            unknown,
            config=config,
            text_config=text_config,
            seed=seed,
            tell=progress,
        )
    else:
        alone = tune_pictures(
            task, pictures, task.truth(labels), config=config, seed=seed, progress=progress
        )
        told = _Told(alone, alone.predict(asked), alone.save)
    tuned = told.tuned
    scores = score_texts(task, told.answers, truth, seed=seed)
    readers = {name: score_texts(task, each, truth, seed=seed) for name, each in told.alone.items()}
    some = asked[:: max(1, len(asked) // COMPARED)][:COMPARED]
    read = tuned.encoder.read
    near = nearest(
        read(pixels_of(some, size=tuned.encoder.size)),
        read(pixels_of(pictures, size=tuned.encoder.size)),
    )
    apart = max(1, len(some) // 6)
    page = picture_report(tuned, scores, some[::apart], pictures, near[::apart], readers=readers)
    out.parent.mkdir(parents=True, exist_ok=True)
    told.save(out)
    (out / "report.html").write_text(page, encoding="utf-8")
    card = picture_card(tuned, scores, readers=readers, beside=told.facts)
    (out / "card.md").write_text(card, encoding="utf-8")
    if picture := confusion_file(scores):
        (out / "confusion.svg").write_text(picture, encoding="utf-8")
    done = TunedVision(
        kind=kind,
        method=config.method,
        base=config.base,
        scores=scores,
        readers=readers,
        weights=told.weights,
        parameters_trained=tuned.trained,
        parameters=tuned.weights,
        without=known.left_out,
        without_test=unknown.left_out,
        shared=shared(pictures, asked),
        seconds=round(tuned.seconds, 1),
        folder=out,
    )
    tables = TablesTold(train, test, [image], label).to_dict(out)
    whole = done.to_dict() | {"tables": tables}
    table = json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1)
    (out / "metrics.json").write_text(table + "\n", encoding="utf-8")
    return done


@dataclass(frozen=True, slots=True)
class _Told:
    """What was tuned, what it says of the test pictures, and what its parts say alone."""

    tuned: "TunedPictures"
    answers: "NDArray[np.float64]"
    save: Callable[[Path], None]
    alone: "Mapping[str, NDArray[np.float64]]" = field(default_factory=dict)
    weights: Sequence[float] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def _both(
    task: "TextTask",
    known: "PictureTable",
    unknown: "PictureTable",
    *,
    config: "PictureTuneConfig",
    text_config: "TextFinetuneConfig",
    seed: int,
    tell: Tell,
) -> _Told:
    """Tune for pictures and what is written of them."""
    from limner.training.vision.together import tune_together

    both = tune_together(
        task,
        known.pictures,
        known.texts or [],
        task.truth(known.labels or []),
        config=config,
        text_config=text_config,
        seed=seed,
        progress=tell,
    )
    said = unknown.texts or []
    readings = both.readings(unknown.pictures, said)
    weights = tuple(both.blend.weights_.tolist())
    return _Told(
        tuned=both.pictures,
        answers=task.answer(both.join(readings, said)),
        save=both.save,
        alone={
            name: task.answer(each)
            for name, each in zip(("pictures", "texts"), readings, strict=True)
        },
        weights=weights,
        facts={
            "text": text_config.base,
            "text_method": text_config.method,
            "weights of pictures and texts": ", ".join(f"{each:.2f}" for each in weights),
            "rows that weighed": both.held_out,
        },
    )


def compress_vision(
    folder: Path,
    *,
    method: str,
    pictures: Path | None = None,
    image: str | None = None,
    label: str | None = None,
    out: Path | None = None,
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
        numbers lie, the other half says how right both are. What is none is as it was tuned by.
    out
        The folder to write; none: beside it.
    seed
        Which pictures are shown.

    Raises
    ------
    BadConfig, BadSource, BadPicture, NotFitted, MissingExtra
        As :func:`~limner.training.vision.compression.compress_pictures` has it.
    """
    need_vision()
    import numpy as np

    from limner.cli.pictures import demand_openable, read_pictures
    from limner.training.language.text_metrics import score_texts
    from limner.training.vision.compression import METHODS, compress_pictures
    from limner.training.vision.picture_tuning import load_tuned_pictures
    from limner.training.vision.together import TOGETHER_FILE

    if method not in METHODS:
        raise BadConfig(f"--method must be one of {', '.join(METHODS)}, got {method!r}")
    out = demand_beside(folder, out, method)
    if (folder / TOGETHER_FILE).is_file():
        raise BadConfig(
            f"{folder} reads texts too, of which no light model is made",
            hint="tune without --text, or compress the language model by itself",
        )
    if pictures is None or not image or not label:
        known = TablesTold.of(folder, option=_SAY)
        image, label = image or known.columns[0], label or known.label
        pictures = pictures or demand_table(known.test, folder, option=_SAY)
    tuned, began = load_tuned_pictures(folder), time.perf_counter()
    table = read_pictures(pictures, image=image, label=label)
    given, labels = table.pictures, table.labels or []
    demand_openable(given)
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
