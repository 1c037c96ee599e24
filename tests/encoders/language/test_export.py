"""Graphs say what their models say, without torch and for every length."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from languages import WORDS, tiny, tokeniser
from limner.encoders.language.export import export_encoder, write_facts
from limner.encoders.language.light import TABLE_FILE, LightEncoder
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.errors import NotFitted

TEXTS = [*WORDS, "", "warm", "red " * 40, "\U0001f642"]


@pytest.mark.parametrize("family", ["encoder", "decoder", "encoder_decoder"])
def test_every_family_becomes_a_graph(family, tmp_path):
    opened = open_language(str(tiny(tmp_path / "base", family)))
    encoder = TextEncoder.of(opened)
    export_encoder(encoder, opened.tokeniser, tmp_path / "light", longest=16)
    light = LightEncoder.load(tmp_path / "light")
    wanted = encoder.read(Tokens.of(opened.tokeniser, TEXTS, longest=16))
    assert np.allclose(light.read(TEXTS, part=3), wanted, atol=1e-4)
    assert light.read([]).shape == (0, 16)
    assert not encoder.training


def test_eight_bits_lie_near_and_a_map_is_part_of_the_graph(tmp_path):
    opened = open_language(str(tiny(tmp_path / "base")))
    encoder, onto = TextEncoder.of(opened), nn.Linear(16, 5)
    export_encoder(encoder, opened.tokeniser, tmp_path / "light", longest=16, onto=onto, int8=True)
    light = LightEncoder(tmp_path / "light", threads=1)
    whole = torch.from_numpy(encoder.read(Tokens.of(opened.tokeniser, TEXTS, longest=16)))
    with torch.no_grad():
        wanted = onto(whole).numpy()
    said = light.read(TEXTS)
    assert said.shape == wanted.shape == (len(TEXTS), 5)
    near = (said * wanted).sum(1) / np.linalg.norm(said, axis=1) / np.linalg.norm(wanted, axis=1)
    assert near.min() > 0.97
    assert {each.name for each in (tmp_path / "light").iterdir()} == {
        "model.onnx",
        "encoder.json",
        "tokenizer.json",
    }


@pytest.mark.parametrize("int8", [False, True])
def test_how_many_threads_read_changes_no_vector(tmp_path, int8):
    opened = open_language(str(tiny(tmp_path / "base")))
    export_encoder(
        TextEncoder.of(opened), opened.tokeniser, tmp_path / "light", longest=16, int8=int8
    )
    texts = [" ".join(TEXTS[at % 7 : at % 7 + at % 5]) for at in range(100)]
    alone = LightEncoder(tmp_path / "light", threads=1).read(texts)
    for threads in (0, 2, 5):
        assert np.array_equal(LightEncoder(tmp_path / "light", threads=threads).read(texts), alone)


def test_a_table_gives_the_mean_of_its_rows_turned(tmp_path):
    words = tokeniser()
    rows = np.arange(2 * len(words), dtype=np.float16).reshape(-1, 2)
    onto = np.array([[1, 0, 1], [0, 2, 0], [5, 5, 5]], np.float32)
    np.savez_compressed(tmp_path / TABLE_FILE, table=rows, onto=onto)
    write_facts(tmp_path, words, width=3, longest=16)
    assert json.loads((tmp_path / "encoder.json").read_text())["width"] == 3
    said = LightEncoder.load(tmp_path).read(["red shirt", ""])
    for row, text in enumerate(["red shirt", ""]):
        mean = rows[words(text)["input_ids"]].astype(np.float32).mean(axis=0)
        assert np.allclose(said[row], [mean[0] + 5, 2 * mean[1] + 5, mean[0] + 5])


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(NotFitted, match="no light encoder"):
        LightEncoder.load(tmp_path)
