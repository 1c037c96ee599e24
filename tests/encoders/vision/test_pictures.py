"""Pictures of every kind are opened alike, and what could hurt is refused with the reason."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from limner.encoders.vision.pictures import open_picture, pixels_of
from limner.errors import BadPicture


def written(picture, kind="PNG", **more):
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def red(mode="RGB", size=(40, 20)):
    return Image.new("RGB", size, (200, 10, 10)).convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("RGB", "PNG"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("RGB", "BMP"),
        ("CMYK", "TIFF"),
        ("1", "PNG"),
        ("LA", "PNG"),
    ],
)
def test_every_kind_becomes_three_colours(mode, kind):
    found = open_picture(written(red(mode), kind))
    assert found.mode == "RGB"
    assert found.size == (40, 20)
    if mode not in {"L", "LA", "1"}:
        assert np.abs(np.asarray(found).mean(axis=(0, 1)) - [200, 10, 10]).max() < 12


def test_sixteen_bits_and_what_shines_through():
    deep = Image.fromarray(np.linspace(0, 60_000, 100).reshape(10, 10).astype(np.uint16))
    assert np.ptp(np.asarray(open_picture(written(deep)))) == 255
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (np.asarray(open_picture(written(clear))) == 255).all()


def test_of_an_animated_one_the_first_is_taken_and_it_is_turned_as_its_maker_says():
    frames = [red(), Image.new("RGB", (40, 20), "blue")]
    moving = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.asarray(open_picture(moving))[0, 0, 0] > 150
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(written(red(), "JPEG", exif=exif)).size == (20, 40)


def test_one_pixel_is_a_picture(tmp_path):
    (tmp_path / "dot.png").write_bytes(written(red(size=(1, 1))))
    assert pixels_of([tmp_path / "dot.png"], size=8).shape == (1, 3, 8, 8)
    assert pixels_of([], size=8).shape == (0, 3, 8, 8)


def claims(width, height):
    """Return a PNG whose head says that it is so large, and nothing more."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    whole = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + whole + struct.pack(">I", 0) + b"IDAT" + b"\0\0\0\0"


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (100_000_000, 1)])
def test_a_hundred_megapixels_are_refused_before_they_are_decoded(size):
    with pytest.raises(BadPicture, match=r"pixels, 50,000,000 are read at most|too large"):
        open_picture(claims(*size))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_what_is_cut_off_is_refused(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    whole = written(noise, kind)
    with pytest.raises(BadPicture):
        open_picture(whole[: len(whole) // 2])


@pytest.mark.parametrize("given", [b"", b"no picture", b"%!PS-Adobe\n", b"<svg/>"])
def test_what_is_no_picture_is_refused(given):
    with pytest.raises(BadPicture, match="the picture cannot be opened"):
        open_picture(given)


def test_a_missing_file_and_one_of_too_many_bytes_are_named(tmp_path):
    with pytest.raises(BadPicture, match=r"nowhere\.png"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(BadPicture, match="bytes"):
        open_picture(b"\0" * (64 * 1024 * 1024 + 1))


WHOLE = written(Image.fromarray(np.random.default_rng(1).integers(0, 255, (16, 16, 3), np.uint8)))


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_bytes_that_were_changed_are_opened_or_refused_and_nothing_else(at, noise):
    changed = WHOLE[:at] + noise + WHOLE[at + len(noise) :]
    with suppress(BadPicture):
        assert open_picture(changed).mode == "RGB"


def test_the_middle_is_cut_out():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    found = pixels_of([written(Image.fromarray(wide))], size=10)
    assert found.shape == (1, 3, 10, 10)
    assert found.min() > 250
