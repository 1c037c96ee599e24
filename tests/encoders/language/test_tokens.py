"""Tokens side by side, and batches of them."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from languages import WORDS, tokeniser
from limner.encoders.language.tokens import Tokens

TEXTS = [*WORDS, "", "red " * 100, "🙂", "warm"]


def test_tokens_are_the_tokenisers_own():
    tokens = Tokens.of(tokeniser(), TEXTS, longest=16)
    assert len(tokens) == len(TEXTS)
    for row, text in enumerate(TEXTS):
        wanted = tokeniser()(text, truncation=True, max_length=16)["input_ids"]
        assert tokens.ids[tokens.at[row] : tokens.at[row + 1]].tolist() == wanted
    assert tokens.lengths.max() == 16


@given(hnp.arrays(np.int64, st.integers(1, 12), elements=st.integers(0, len(TEXTS) - 1)))
def test_a_batch_holds_its_rows_and_padding_behind(rows):
    tokens = Tokens.of(tokeniser(), TEXTS, longest=16)
    numbers, held = tokens.batch(rows)
    assert numbers.shape == held.shape == (len(rows), tokens.lengths[rows].max())
    for at, row in enumerate(rows):
        own = tokens.ids[tokens.at[row] : tokens.at[row + 1]]
        assert numbers[at, : len(own)].tolist() == own.tolist()
        assert (numbers[at, len(own) :] == tokens.padding).all()
        assert held[at].sum() == len(own)
    taken = tokens.take(rows)
    assert taken.lengths.tolist() == tokens.lengths[rows].tolist()
    assert torch.equal(taken.batch(np.arange(len(rows)))[0], numbers)


def test_a_tokeniser_without_marks_gives_an_empty_text_one_token():
    class Bare:
        eos_token_id, pad_token_id = 7, None

        def __call__(self, texts, **_):
            return {"input_ids": [[int(each) for each in text] for text in texts]}

    tokens = Tokens.of(Bare(), ["", "12"], longest=4)
    assert tokens.ids.tolist() == [7, 1, 2]
    assert tokens.padding == 7
    assert len(Tokens.of(Bare(), [], longest=4)) == 0
