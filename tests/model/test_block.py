"""What a block must hold, and how it is asked."""

import numpy as np
import pytest

from limner.errors import BadShape
from limner.model.block import BlockTable, digest_of
from visits import CUT


def a_block(customers=(2, 5, 9), vectors=None, **more):
    given = np.arange(6, dtype=np.float32).reshape(3, 2) if vectors is None else vectors
    told = {"name": "taste", "version": "1-a", "as_of": CUT, "coverage": 0.75} | more
    return BlockTable(customers=np.array(customers), vectors=given, **told)


def test_those_without_it_have_nothing_known():
    block = a_block()
    assert block.has(np.array([9, 3, 2])).tolist() == [True, False, True]
    np.testing.assert_array_equal(block.of(np.array([9, 3, 2])), [[4, 5], [np.nan, np.nan], [0, 1]])
    assert block.of(np.zeros(0, np.int64)).shape == (0, 2)


def test_a_block_of_nobody_can_be_asked():
    empty = a_block((), np.zeros((0, 4), np.float32), coverage=0.0)
    assert len(empty) == 0
    assert np.isnan(empty.of(np.array([1]))).all()


def test_it_says_what_it_is():
    assert a_block().to_dict() == {
        "name": "taste",
        "version": "1-a",
        "dim": 2,
        "coverage": 0.75,
        "as_of": CUT.isoformat(),
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"customers": (2, 5)}, "3 vectors"),
        ({"customers": (2, 2, 9)}, "must rise"),
        ({"customers": (5, 2, 9)}, "must rise"),
        ({"coverage": 1.5}, "from 0 to 1"),
        ({"vectors": np.zeros(3, np.float32)}, r"\(B, D\)"),
    ],
)
def test_a_block_that_cannot_be_is_refused(given, says):
    with pytest.raises(BadShape, match=says):
        a_block(**given)


def test_a_version_tells_parts_apart_and_formulas():
    numbers = np.arange(4.0)
    assert digest_of(1, "a", numbers) == digest_of(1, "a", numbers.copy())
    different = {
        digest_of(1, "a", numbers),
        digest_of(2, "a", numbers),
        digest_of(1, "b", numbers),
        digest_of(1, "a", numbers + 1),
        digest_of(1, "ab", "c"),
        digest_of(1, "a", "bc"),
    }
    assert len(different) == 6
