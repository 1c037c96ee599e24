"""The contract of all ways to make a language model light."""

import sys

import numpy as np
import pytest
import torch

from languages import WORDS, tiny
from limner import plugins
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.errors import BadConfig, BadShape, MissingExtra, NotFitted
from limner.heads.language.light_text import LightText
from limner.heads.language.task import TextTask
from limner.training.language import compressions
from limner.training.language.compression import compress_text, onto_teacher
from limner.training.language.compressions.int8 import Int8
from limner.training.language.compressions.prune import Prune
from limner.training.language.finetuning import finetune_texts
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig

PARTS = [word for line in WORDS for word in line.replace(",", "").split()]
ODD = ["", "🙂 \ud83d", "red " * 300, None, "שלום"]


def texts(count, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(PARTS, 5)) for _ in range(count)]


def tuned_of(folder, kind="classify", beside=None, **settings):
    rows = [(text,) for text in texts(200)]
    labels = [str("red" in text) for (text,) in rows]
    if kind == "pair":
        rows = [(text, "a red one") for (text,) in rows]
    task = TextTask.of(kind, labels)
    config = TextFinetuneConfig.read(
        {"base": str(folder), "method": "lora", "epochs": 2, "longest": 16, **settings}
    )
    known = LabelledTexts.of(task, rows, labels, beside=beside)
    return finetune_texts(task, known, config=config)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def tuned(folder):
    return tuned_of(folder)


@pytest.fixture(params=plugins.names(compressions))
def way(request):
    return plugins.load(compressions, request.param)()


def test_the_light_model_answers_alike_from_its_folder_alone(way, tuned, tmp_path):
    light = compress_text(tuned, tmp_path / "light", way=way, texts=texts(120, seed=1))
    rows = [(text,) for text in texts(60, seed=2)]
    whole, said = tuned.predict(rows), light.predict(rows)
    assert (whole.argmax(axis=1) == said.argmax(axis=1)).mean() > 0.85
    odd = light.predict([(text,) for text in ODD])
    assert odd.shape == (len(ODD), 2)
    assert np.isfinite(odd).all()
    again = LightText.load(tmp_path / "light")
    assert np.allclose(again.predict(rows), said, atol=1e-6)
    assert light.predict([]).shape == (0, 2)
    assert not [each for each in (tmp_path / "light").rglob("*") if each.suffix in {".pkl", ".bin"}]
    with pytest.raises(BadShape):
        light.predict([("a", "b")])


def test_main_directions_answer_beside_the_light_model_too(folder, tmp_path):
    rows = [(text,) for text in texts(60)]
    labels = [str("red" in text) for (text,) in rows]
    task = TextTask.of("classify", labels)
    config = TextFinetuneConfig.read(
        {"base": str(folder), "method": "frozen", "longest": 16, "directions": {"count": 8}}
    )
    known = LabelledTexts.of(task, rows, labels)
    tuned = finetune_texts(task, known, unlabelled=texts(200, seed=4), config=config)
    light = compress_text(tuned, tmp_path / "light", way=Int8(bits=32))
    assert len(light.readings(rows)) == 3
    assert len(light.predict([])) == 0
    again = LightText.load(tmp_path / "light")
    assert np.allclose(again.predict(rows), tuned.predict(rows), atol=2e-2)


def test_the_same_seed_makes_the_same_light_model(way, tuned, tmp_path):
    some = texts(60, seed=3)
    one, other = (
        compress_text(tuned, tmp_path / name, way=way, texts=some, seed=5).encoder.read(some)
        for name in ("one", "other")
    )
    assert np.array_equal(one, other)


def test_with_all_bits_and_layers_it_says_what_the_model_says(tuned, tmp_path):
    rows = [(text,) for text in [*texts(40, seed=4), *ODD]]
    light = compress_text(tuned, tmp_path / "light", way=Int8(bits=32))
    assert np.allclose(light.readings(rows)[0], tuned.readings(rows)[0], atol=1e-4)


def test_pairs_and_what_is_known_beside_them(folder, tmp_path):
    rng = np.random.default_rng(0)
    beside = rng.normal(size=(200, 2)).astype(np.float32)
    tuned = tuned_of(folder, "pair", beside=beside)
    light = compress_text(tuned, tmp_path / "light", way=Int8(bits=32))
    rows = [(text, "a red one") for text in texts(30, seed=6)]
    told = beside[:30]
    wanted = tuned.readings(rows, beside=told)[0]
    assert np.allclose(light.readings(rows, beside=told)[0], wanted, atol=1e-4)
    again = LightText.load(tmp_path / "light")
    assert np.allclose(again.predict(rows, beside=told), light.predict(rows, beside=told))


def test_heads_and_layers_are_left_out_and_the_model_stays(tuned, folder):
    opened = open_language(str(folder))
    encoder = TextEncoder.of(opened)
    before = sum(each.numel() for each in encoder.parameters())
    tokens = Tokens.of(opened.tokeniser, texts(20), longest=16)
    Prune(layers=0.5, heads=0.5).leave_out(encoder, tokens)
    assert len(encoder.layers) == 1
    attention = encoder.get_submodule(encoder.layers[0]).attention.self
    assert attention.query.out_features == 8
    assert sum(each.numel() for each in encoder.parameters()) < before
    assert encoder.read(tokens).shape == (20, 16)
    other = TextEncoder.of(open_language(str(tiny(folder.parent / "decoder", "decoder"))))
    with pytest.raises(BadConfig, match="heads can be left out of models of BERT's form alone"):
        Prune(layers=1.0, heads=0.5).leave_out(other, tokens)


def test_a_map_onto_the_teacher_is_the_least_squares_one():
    rng = np.random.default_rng(0)
    mine = rng.normal(size=(500, 3)).astype(np.float32)
    wanted = mine @ rng.normal(size=(3, 5)).astype(np.float32) + 2
    onto = onto_teacher(mine, wanted)
    with torch.no_grad():
        assert np.allclose(onto(torch.from_numpy(mine)).numpy(), wanted, atol=0.1)


def test_what_cannot_be_done_is_refused(tuned, tmp_path, monkeypatch):
    with pytest.raises(BadConfig, match="it learns from texts, 20 at least, got 1"):
        compress_text(tuned, tmp_path / "light", way=Prune(), texts=["one", ""])
    assert not (tmp_path / "light").exists()
    with pytest.raises(NotFitted, match="no light model"):
        LightText.load(tmp_path)
    light = compress_text(tuned, tmp_path / "light", way=Int8())
    assert light.words is not None
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match="onnxruntime"):
        LightText.load(tmp_path / "light")
