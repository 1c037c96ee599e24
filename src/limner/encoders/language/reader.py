"""A language model that reads texts into vectors, made light once and remembering what it read."""

import hashlib
from pathlib import Path

from limner.encoders.language.finding import find_folder
from limner.encoders.language.half_bits import HalfReader, has_half_bits
from limner.encoders.language.light import LightEncoder, version_of
from limner.encoders.language.multilingual import MULTILINGUAL, MultilingualReader
from limner.encoders.language.vector_cache import VectorCache

__all__ = ["open_reader"]

LONGEST = 128
"""Tokens of a text that are read at most."""


def open_reader(name: str, keep: Path, *, int8: bool = True) -> VectorCache:
    """Open a language model as a reader of texts.

    Parameters
    ----------
    name
        A folder, a name of the guide, or of Hugging Face's hub; a folder that a compression
        wrote; or ``use-multilingual``.
    keep
        A folder for the light model and for the vectors.
    int8
        Whether it reads with 8 bits a weight: two to three times as fast, at a cosine of 0.99 to
        the whole model's vectors. If not, torch reads in 16 bits where it is there and the
        processor has such products of matrices, else the whole graph: at a cosine of 0.9999 to each
        other, so that both share what is kept.

    Raises
    ------
    BadModel
        If there is no such model.
    MissingExtra
        If a package is not installed.
    """
    if name == MULTILINGUAL:
        return VectorCache(MultilingualReader(), keep / "vectors")
    if (Path(name) / "encoder.json").is_file():
        return VectorCache(LightEncoder(Path(name)), keep)
    source = find_folder(name)
    light = keep / f"{_digest(source)}-{'int8' if int8 else 'whole'}"
    if not (light / "encoder.json").is_file():
        # Torch is loaded only where a model has to be made light first.
        from limner.encoders.language.export import export_encoder  # noqa: PLC0415
        from limner.encoders.language.opening import open_language  # noqa: PLC0415
        from limner.encoders.language.text_encoder import TextEncoder  # noqa: PLC0415

        opened = open_language(name)
        fresh = light.with_name(f".{light.name}.part")
        longest = min(LONGEST, opened.longest)
        export_encoder(TextEncoder.of(opened), opened.tokeniser, fresh, longest=longest, int8=int8)
        fresh.replace(light)
    if not int8 and has_half_bits():
        from limner.encoders.language.opening import open_language  # noqa: PLC0415

        opened = open_language(name)
        longest = min(LONGEST, opened.longest)
        half = HalfReader(opened, longest=longest, version=version_of(light))
        return VectorCache(half, keep / "vectors")
    return VectorCache(LightEncoder(light), keep / "vectors")


def _digest(folder: Path) -> str:
    """Return a word for what a model's folder holds."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        if file.suffix in {".safetensors", ".json", ".txt", ".model"}:
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
