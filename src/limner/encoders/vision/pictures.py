"""Pictures as they come, opened such that no file can hurt, and brought to one size."""

import io
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadPicture, MissingExtra

__all__ = ["open_picture", "pixels_of"]

Pixels = NDArray[np.uint8]
MOST_PIXELS = 50_000_000
"""A picture of more is refused by what its head says, before anything is decoded."""
MOST_BYTES = 64 * 1024 * 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is read; other formats have decoders that few shops need, and that were attacked oftener."""


def open_picture(given: bytes | Path | str) -> Any:  # noqa: ANN401 - a picture of Pillow
    """Open a picture as three colours: the first of an animated one, turned as its maker says.

    What shines through shines on white; four inks and few colours become red, green and blue.

    Raises
    ------
    BadPicture
        If it is no picture of a known format, broken, cut off, or too large.
    MissingExtra
        If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415 - asked for when one is opened
    except ImportError:
        raise MissingExtra("pictures", "pillow", "vision") from None
    where = "the picture" if isinstance(given, bytes) else str(given)
    try:
        _demand_few_bytes(given, where)
        source = io.BytesIO(given) if isinstance(given, bytes) else given
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused here
            with Image.open(source, formats=FORMATS) as opened:
                _demand_few_pixels(opened.size, where)
                opened.seek(0)
                opened.load()
                return _in_three_colours(ImageOps.exif_transpose(opened), Image)
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise BadPicture(f"{where} is too large to be decoded: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
        told = getattr(error, "strerror", None) or " ".join(str(error).split())
        told = re.sub(r" ?<[^>]* object at 0x\w+>", "", told)[:200] or type(error).__name__
        raise BadPicture(f"{where} cannot be opened: {told}") from None


def pixels_of(pictures: Iterable[bytes | Path | str], *, size: int) -> Pixels:
    """Return pictures as (N, 3, S, S): the shorter side brought to S, the middle cut out.

    Raises
    ------
    BadPicture
        If one cannot be opened; the message says which.
    """
    found = []
    for at, each in enumerate(pictures):
        try:
            found.append(_square(open_picture(each), size))
        except BadPicture as error:
            if not isinstance(each, bytes):
                raise
            raise BadPicture(f"picture {at + 1}: {error.message}", hint=error.hint) from None
    return np.stack(found) if found else np.zeros((0, 3, size, size), np.uint8)


def _demand_few_bytes(given: bytes | Path | str, where: str) -> None:
    size = len(given) if isinstance(given, bytes) else Path(given).stat().st_size
    if size > MOST_BYTES:
        raise BadPicture(f"{where} has {size:,} bytes, {MOST_BYTES:,} are read at most")


def _demand_few_pixels(size: tuple[int, int], where: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise BadPicture(
            f"{where} has {width:,} by {height:,} pixels, {MOST_PIXELS:,} are read at most",
            hint="make it smaller first",
        )


def _square(picture: Any, size: int) -> Pixels:  # noqa: ANN401 - a picture of Pillow
    from PIL import ImageOps  # noqa: PLC0415 - it is there, since one was opened

    fitted = ImageOps.fit(picture, (size, size))
    return np.ascontiguousarray(np.asarray(fitted, np.uint8).transpose(2, 0, 1))


def _in_three_colours(picture: Any, image: Any) -> Any:  # noqa: ANN401 - Pillow's
    if picture.mode in {"I", "I;16", "I;16B", "I;16L", "F"}:
        values = np.asarray(picture, np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) / max(high - low, 1e-9) * 255
        return image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        white = image.new("RGBA", whole.size, "white")
        return image.alpha_composite(white, whole).convert("RGB")
    return picture.convert("RGB")
