"""What addresses of segments share: numbers of a body, rules, and patience that ends."""

import time
from types import SimpleNamespace

import pytest

from limner.apps.segments.rule import Clause
from limner.service.problems import Problem
from limner.service.segmenting import patience, read_rule, whole
from limner.service.settings import ServeConfig


def test_a_number_may_be_written_as_json_writes_it():
    assert whole({}, "n", default=7, most=9) == 7
    assert whole({"n": 3.0}, "n", default=7, most=9) == 3


@pytest.mark.parametrize("told", [0, 10, 2.5, True, "3", None, [3]])
def test_any_other_is_refused(told):
    with pytest.raises(Problem, match=r"body\.n: must be 1 to 9"):
        whole({"n": told}, "n", default=7, most=9)


def test_a_rule_is_read_or_refused_with_its_place():
    plain = {"field": "live.orders", "op": "ge", "value": 2}
    assert isinstance(read_rule(plain), Clause)
    with pytest.raises(Problem, match=r"rule\.not: a rule is") as refused:
        read_rule({"not": 3})
    assert (refused.value.status, refused.value.code) == (422, "invalid_rule")


def test_patience_ends():
    config = ServeConfig(search_seconds=0.01)
    state = SimpleNamespace(parts=SimpleNamespace(config=config))
    enough = patience(SimpleNamespace(app=SimpleNamespace(state=state)))
    time.sleep(0.02)
    assert not enough(), "waiting for others does not count"
    while not enough():
        time.sleep(0.002)
