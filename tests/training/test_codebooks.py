"""A few numbers for a vector: the same for the same, alike for what is alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.ledger import Ledger
from limner.errors import TooFew
from limner.training.codebooks import learn_codebook, learn_codebooks
from shops import a_lively_shop, seen


def some(count, *, width=5, groups=4, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, count)
    centres = 10 * rng.standard_normal((groups, width))
    return (centres[group] + rng.standard_normal((count, width))).astype(np.float32), group


@given(st.integers(1, 60), st.integers(0, 5), st.integers(1, 4))
def test_every_vector_has_numbers_and_nought_has_none(count, seed, steps):
    vectors, _ = some(count, seed=seed)
    vectors[::7] = 0
    if not vectors.any():
        return
    book = learn_codebook(vectors, seed=seed, steps=steps, size=6)
    found = book.numbers(vectors)
    assert found.shape == (count, steps) == (count, book.steps)
    assert not found[::7].any()
    there = vectors.any(axis=1)
    assert (found[there] >= 1).all()
    assert (found < book.size).all()
    assert np.array_equal(found[::-1], book.numbers(vectors[::-1]))
    again = learn_codebook(vectors, seed=seed, steps=steps, size=6)
    assert np.array_equal(again.centres, book.centres)


def test_what_is_alike_has_the_same_first_number():
    vectors, group = some(200)
    first = learn_codebook(vectors, size=4).numbers(vectors)[:, 0]
    assert len({(one, other) for one, other in zip(group, first, strict=True)}) == 4


def test_each_step_tells_a_vector_more_exactly():
    vectors, _ = some(400, groups=50)
    missed = []
    for steps in (1, 2, 3):
        book = learn_codebook(vectors, steps=steps, size=16)
        told = sum(
            centres[number - 1]
            for centres, number in zip(book.centres, book.numbers(vectors).T, strict=True)
        )
        missed.append(np.square(vectors - told).sum())
    assert missed[0] > 1.5 * missed[1] > 2 * missed[2]


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(TooFew, match="no item has a vector"):
        learn_codebook(np.zeros((3, 4), np.float32))


def test_a_ledger_has_a_codebook_of_each_look_that_says_anything():
    shop = seen(a_lively_shop(customers=5))
    found = learn_codebooks(Ledger.of(shop))
    assert {name: book.version for name, book in found.items()} == {
        "image": "made up 0",
        "text": "made up 0",
    }
    assert learn_codebooks(Ledger.of(a_lively_shop(customers=5))) == {}
