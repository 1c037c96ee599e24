"""Tables of pictures as a user has them: what is left out, met twice, or cannot be opened."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from limner.cli.texts import column_of, read_table
from limner.errors import BadPicture, BadSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PictureTable", "demand_openable", "openable", "read_pictures", "shared"]

Picture = bytes | Path


@dataclass(frozen=True, slots=True)
class PictureTable:
    """Rows of pictures, with what else is asked of them.

    Attributes
    ----------
    pictures
        Bytes or files (N,).
    labels
        What is true of each (N,); none where no label was asked.
    texts
        What is written of each (N,), empty where nothing is; none where no text was asked.
    left_out
        How many rows had no picture or no label, and are not among these.
    """

    pictures: list[Picture]
    labels: list[Any] | None = None
    texts: list[str] | None = None
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.pictures)


def read_pictures(
    file: Path,
    *,
    image: str,
    label: str | None = None,
    text: Sequence[str] = (),
    empty: bool = False,
) -> PictureTable:
    """Read a table of pictures; rows without a picture or a label are left out, and counted.

    Parameters
    ----------
    file
        Of a kind that :func:`~limner.cli.texts.read_table` reads.
    image
        The column of the picture: its bytes, or the path of its file, from the table's folder on.
    label
        The column of the label, if one is asked.
    text
        Columns of text, which are read one after the other as one.
    empty
        Whether a row without a picture is kept, with a picture of no bytes.

    Raises
    ------
    BadSource
        If the table or a column is not there, the pictures are neither bytes nor paths, or no row
        is left.
    """
    table = read_table(file)
    told = column_of(table, image, file).is_not_null() | pl.repeat(empty, len(table), eager=True)
    if label is not None:
        labels = column_of(table, label, file)
        told &= labels.is_not_null()
        if labels.dtype.is_float():
            told &= labels.is_not_nan()
    for name in text:
        column_of(table, name, file)
    kept = table.filter(told)
    if not len(kept):
        wanted = repr(image) if label is None else f"{image!r} and {label!r}"
        raise BadSource(f"{file} has no row with {wanted}")
    if kept[image].dtype not in {pl.Binary, pl.String}:
        raise BadSource(f"{file}: {image!r} must be bytes or paths, it is {kept[image].dtype}")
    near = kept[image].dtype == pl.String
    pictures: list[Picture] = [
        b"" if each is None else file.parent / each if near else each for each in kept[image]
    ]
    said = None
    if text:
        columns = [kept[name].cast(pl.String).fill_null("") for name in text]
        said = [" ".join(filter(None, row)) for row in zip(*columns, strict=True)]
    labelled = None if label is None else kept[label].to_list()
    return PictureTable(pictures, labelled, said, len(table) - len(kept))


def shared(one: Sequence[Picture], other: Sequence[Picture]) -> int:
    """Count the pictures of one table that are in the other too, byte for byte."""
    known = {_digest(each) for each in one} - {b""}
    return sum(_digest(each) in known for each in other)


def openable(pictures: Sequence[Picture]) -> tuple["NDArray[np.int64]", Mapping[int, str]]:
    """Return which pictures can be opened, and why each of the others cannot.

    Raises
    ------
    BadPicture
        If none can; the message is the first one's.
    """
    from limner.encoders.vision.pictures import open_picture

    refused: dict[int, str] = {}
    for at, each in enumerate(pictures):
        try:
            open_picture(each)
        except BadPicture as trouble:
            refused[at] = trouble.message
    if pictures and len(refused) == len(pictures):
        raise BadPicture(
            f"none of {len(pictures):,} pictures can be opened: {refused[0]}"
            if len(pictures) > 1
            else refused[0]
        )
    kept = [at for at in range(len(pictures)) if at not in refused]
    return np.array(kept, np.int64), refused


def demand_openable(pictures: Sequence[Picture]) -> None:
    """Refuse pictures of which one cannot be opened, before anything is learned from others.

    Raises
    ------
    BadPicture
        If so; the message says which.
    """
    from limner.encoders.vision.pictures import open_picture

    for at, each in enumerate(pictures):
        try:
            open_picture(each)
        except BadPicture as trouble:
            if not isinstance(each, bytes):
                raise
            told = f"picture {at + 1}: {trouble.message}"
            raise BadPicture(told, hint=trouble.hint) from None


def _digest(picture: Picture) -> bytes:
    """Return a mark of the bytes of a picture, empty where there are none to be read."""
    try:
        content = picture if isinstance(picture, bytes) else picture.read_bytes()
    except (OSError, ValueError):  # whoever opens it says what is wrong with it
        return b""
    return hashlib.blake2b(content, digest_size=16).digest()
