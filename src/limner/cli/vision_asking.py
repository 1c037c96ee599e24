"""Asking a tuned vision model about pictures: who answers, and who cannot and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from limner.cli.language import need_language
from limner.errors import BadConfig, MissingExtra

if TYPE_CHECKING:
    import polars as pl

    from limner.heads.vision.light_pictures import LightPictures
    from limner.training.vision.picture_tuning import TunedPictures

__all__ = ["AskedPictures", "need_vision", "predict_pictures", "predict_table"]


@dataclass(frozen=True, slots=True)
class AskedPictures:
    """What a model says of pictures, and of which it could say nothing, and why.

    ``answers`` has a row a picture: ``picture``, ``label``, and a column ``p_CLASS`` a class.
    """

    answers: "pl.DataFrame"
    refused: Mapping[str, str]


def predict_pictures(
    folder: Path, pictures: Sequence[Path | bytes], *, texts: Sequence[str] | None = None
) -> AskedPictures:
    """Ask a tuned model about pictures; those that cannot be opened are left out, with the reason.

    Parameters
    ----------
    folder
        What was tuned, or made light.
    pictures
        Files, or the bytes of pictures, which are named by their number from 1.
    texts
        What is written of each, where the model reads that; none: nothing is.

    Raises
    ------
    NotFitted
        If nothing was tuned in the folder.
    BadConfig
        If texts are given to a model that reads none.
    BadPicture
        If none can be opened.
    """
    need_vision()
    import polars as pl

    from limner.cli.pictures import openable
    from limner.training.vision.together import TOGETHER_FILE, load_tuned_together

    together = (folder / TOGETHER_FILE).is_file()
    if texts is not None and not together:
        raise BadConfig(
            f"{folder} reads no texts", hint="leave --text out, or tune with --text COL"
        )
    kept, refused = openable(pictures)
    some = [pictures[at] for at in kept]
    if together:
        both = load_tuned_together(folder)
        task = both.task
        answers = both.predict(some, ["" if texts is None else texts[at] for at in kept])
    else:
        tuned = _opened(folder)
        task, answers = tuned.task, tuned.predict(some)
    names = [str(at + 1 if isinstance(each, bytes) else each) for at, each in enumerate(pictures)]
    table = pl.DataFrame({"picture": [names[at] for at in kept], "label": task.names(answers)})
    table = table.with_columns(
        pl.Series(f"p_{name}", answers[:, at]) for at, name in enumerate(task.classes)
    )
    return AskedPictures(table, {names[at]: why for at, why in refused.items()})


def predict_table(
    folder: Path, file: Path, *, image: str, text: Sequence[str] = ()
) -> AskedPictures:
    """Ask a tuned model about the pictures of a table, with what is written of them.

    A row without a picture is refused as one that cannot be opened. See :func:`predict_pictures`.
    """
    need_vision()
    from limner.cli.pictures import read_pictures

    rows = read_pictures(file, image=image, text=text, empty=True)
    return predict_pictures(folder, rows.pictures, texts=rows.texts)


def need_vision() -> None:
    """Refuse early, and with a hint, where what opens pictures is not installed."""
    need_language()
    try:
        __import__("PIL")
    except ImportError:
        raise MissingExtra("vision models", "pillow", "vision") from None


def _opened(folder: Path) -> "TunedPictures | LightPictures":
    """Open what was tuned, or what was made light of it."""
    from limner.heads.vision.light_pictures import LIGHT_FILE, LightPictures

    if (folder / LIGHT_FILE).is_file():
        return LightPictures.load(folder)
    from limner.training.vision.picture_tuning import load_tuned_pictures

    return load_tuned_pictures(folder)
