"""What every executor promises, tried on each of them."""

from functools import partial
from operator import floordiv, mul

import pytest

from limner.engine import Executor, Here, Pool
from limner.errors import LimnerError, MissingExtra


@pytest.fixture(params=[Here(), Pool(1), Pool(2)], ids=["here", "pool of one", "pool of two"])
def executor(request) -> Executor:
    return request.param


def refuse(piece: int) -> int:
    if piece == 2:
        raise MissingExtra("the second piece", "patience", "wait")
    return piece


def test_results_come_in_the_order_of_the_pieces(executor):
    assert list(executor.map(partial(mul, 3), range(7))) == [0, 3, 6, 9, 12, 15, 18]


def test_no_pieces_are_no_results(executor):
    assert list(executor.map(refuse, [])) == []


def test_an_error_arrives_whole_and_after_the_results_before_it(executor):
    results = executor.map(refuse, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(MissingExtra) as caught:
        next(results)
    assert caught.value.message == "the second piece needs patience"
    assert caught.value.hint == "pip install 'limner[wait]'"
    assert isinstance(caught.value, LimnerError)


def test_an_error_of_python_arrives_as_it_is(executor):
    with pytest.raises(ZeroDivisionError):
        list(executor.map(partial(floordiv, 1), [1, 0]))


def test_who_stops_listening_waits_for_nothing_more(executor):
    results = executor.map(refuse, range(100))
    assert next(results) == 0
    if hasattr(results, "close"):
        results.close()
