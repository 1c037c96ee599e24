"""A reader is made light once, and opens without torch afterwards."""

import subprocess
import sys

import numpy as np

from languages import WORDS, tiny
from limner.encoders.language import reader as reading
from limner.encoders.language.half_bits import HalfReader
from limner.encoders.language.opening import open_language
from limner.encoders.language.reader import open_reader
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens


def test_it_reads_as_the_model_does_and_is_made_light_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "has_half_bits", lambda: False)
    folder = tiny(tmp_path / "base")
    reader = open_reader(str(folder), tmp_path / "keep", int8=False)
    opened = open_language(str(folder))
    tokens = Tokens.of(opened.tokeniser, WORDS, longest=64)
    whole = TextEncoder.of(opened).read(tokens)
    assert np.allclose(reader.read(WORDS), whole, atol=2e-3)  # it remembers half the bits
    code = (
        "import sys; from pathlib import Path;"
        "from limner.encoders.language.reader import open_reader;"
        "import limner.encoders.language.reader as reading;"
        "reading.has_half_bits = lambda: False;"
        f"r = open_reader({str(folder)!r}, Path({str(tmp_path / 'keep')!r}), int8=False);"
        f"assert len(r) == {len(WORDS)} and r.version == {reader.version!r};"
        "r.read(['warm tea']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_in_sixteen_bits_it_shares_what_is_kept_with_the_whole_graph(tmp_path, monkeypatch):
    folder, versions, vectors = tiny(tmp_path / "base"), [], []
    for half in (False, True):
        monkeypatch.setattr(reading, "has_half_bits", lambda half=half: half)
        reader = open_reader(str(folder), tmp_path / "keep", int8=False)
        assert isinstance(reader.reader, HalfReader) == half
        versions.append(reader.version)
        vectors.append(reader.reader.read(WORDS))
        assert len(reader) == (len(WORDS) if half else 0)
        reader.read(WORDS)
    assert versions[0] == versions[1]
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in vectors)
    assert (one * other).sum(axis=1).min() >= 0.999


def test_eight_bits_and_another_model_have_vectors_of_their_own(tmp_path):
    keep = tmp_path / "keep"
    versions = [
        open_reader(str(tiny(tmp_path / f"base{seed}", seed=seed)), keep, int8=int8).version
        for seed in (0, 1)
        for int8 in (True, False)
    ]
    assert len(set(versions)) == 4
    light = next(each for each in keep.iterdir() if each.name.endswith("int8"))
    assert open_reader(str(light), keep).version in versions
