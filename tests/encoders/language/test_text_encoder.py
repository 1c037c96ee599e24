"""A vector a text, whatever stands beside it in a batch."""

import numpy as np
import pytest
import torch

from languages import WORDS, tiny
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens

FAMILIES = ("encoder", "decoder", "encoder_decoder")
TEXTS = [*WORDS, "", "warm", "red " * 30]


@pytest.fixture(scope="module", params=FAMILIES)
def opened(request, tmp_path_factory):
    return open_language(str(tiny(tmp_path_factory.mktemp("m") / request.param, request.param)))


def test_padding_and_neighbours_change_nothing(opened):
    encoder = TextEncoder.of(opened)
    tokens = Tokens.of(opened.tokeniser, TEXTS, longest=32)
    together = encoder.read(tokens, part=64)
    alone = np.concatenate([encoder.read(tokens, np.array([row])) for row in range(len(TEXTS))])
    assert together.shape == (len(TEXTS), encoder.width) == (len(TEXTS), 16)
    assert np.allclose(together, alone, atol=1e-5)
    assert np.isfinite(together).all()
    assert np.allclose(encoder.read(tokens, np.array([3, 0]), part=1), together[[3, 0]], atol=1e-5)


def test_reading_leaves_it_learning_or_not_as_it_was(opened):
    encoder = TextEncoder.of(opened)
    tokens = Tokens.of(opened.tokeniser, TEXTS, longest=32)
    encoder.train()
    told = encoder.read(tokens)
    assert encoder.training
    encoder.eval()
    assert np.array_equal(told, encoder.read(tokens))
    assert not encoder.training


def test_its_layers_are_named_from_below_and_the_last_stands_above(opened):
    encoder = TextEncoder.of(opened)
    assert len(encoder.layers) == 2
    assert encoder.layers[-1] not in encoder.below
    assert set(encoder.layers[:-1]) <= set(encoder.below)
    parts = dict(encoder.named_modules())
    assert set(encoder.below) <= set(parts)
    table = opened.body.get_input_embeddings()
    assert any(table in parts[name].modules() for name in encoder.below)


@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_pooling_is_what_it_says(opened, pooling):
    encoder = TextEncoder(opened.body, pooling=pooling)
    tokens = Tokens.of(opened.tokeniser, TEXTS, longest=32)
    numbers, held = tokens.batch(np.array([0, 5]))
    with torch.no_grad():
        told = opened.body(input_ids=numbers, attention_mask=held).last_hidden_state
        said = encoder(numbers, held)
    for row, length in enumerate(tokens.lengths[[0, 5]]):
        own = told[row, :length]
        wanted = {"mean": own.mean(dim=0), "first": own[0], "last": own[-1]}[pooling]
        assert torch.allclose(said[row], wanted, atol=1e-6)
