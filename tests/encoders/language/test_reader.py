"""A reader is made light once, and opens without torch afterwards."""

import subprocess
import sys

import numpy as np

from languages import WORDS, tiny
from limner.encoders.language.opening import open_language
from limner.encoders.language.reader import open_reader
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens


def test_it_reads_as_the_model_does_and_is_made_light_once(tmp_path):
    folder = tiny(tmp_path / "base")
    reader = open_reader(str(folder), tmp_path / "keep", int8=False)
    opened = open_language(str(folder))
    tokens = Tokens.of(opened.tokeniser, WORDS, longest=64)
    whole = TextEncoder.of(opened).read(tokens)
    assert np.allclose(reader.read(WORDS), whole, atol=2e-3)  # it remembers half the bits
    code = (
        "import sys; from pathlib import Path;"
        "from limner.encoders.language.reader import open_reader;"
        f"r = open_reader({str(folder)!r}, Path({str(tmp_path / 'keep')!r}), int8=False);"
        f"assert len(r) == {len(WORDS)} and r.version == {reader.version!r};"
        "r.read(['warm tea']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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
