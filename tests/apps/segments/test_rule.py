"""Rules are typed, limited, and say what is wrong with them."""

import json
from contextlib import suppress

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from limner.apps.segments.built_in import BUILT_IN, is_built_in
from limner.apps.segments.fields import CHOICES, kind_of
from limner.apps.segments.rule import (
    DEEPEST,
    MOST_CLAUSES,
    Rule,
    clauses_of,
    parse_rule,
    plain_rule,
    rule_schemas,
)
from limner.errors import BadConfig
from rules import rules

ONE = {"field": "traits.orders", "op": "ge", "value": 2}


@given(rules())
def test_a_rule_survives_a_round_trip(plain):
    rule = parse_rule(plain)
    again = parse_rule(json.loads(json.dumps(plain_rule(rule))))
    assert again == rule
    assert all(kind_of(each.field) for each in clauses_of(rule))


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ([], 'a rule is {"all"'),
        ({}, "rule.field: Field required"),
        ({"all": []}, "rule.all"),
        ({"all": [ONE], "any": [ONE]}, "rule.any"),
        ({"not": [ONE]}, 'rule.not: a rule is {"all"'),
        ({"any": [ONE, {**ONE, "op": "like"}]}, r"rule\.any\.1\.op"),
        ({**ONE, "sql": "1=1"}, "rule.sql"),
        ({**ONE, "field": "trait.orders"}, "did you mean"),
        ({**ONE, "field": "traits."}, "cannot ask for"),
        ({**ONE, "field": "lifecycle.stage"}, "is a text"),
        ({**ONE, "field": "live.last_seen"}, "a time is like"),
        ({"field": "live.last_seen", "op": "ge", "value": "2026-05-01"}, "must have a zone"),
        ({"field": "lifecycle.stage", "op": "eq", "value": "gone"}, "is one of prospect, new"),
        ({**ONE, "value": "2"}, "takes a number"),
        ({**ONE, "value": True}, "takes a number"),
        ({**ONE, "value": None}, "takes one value"),
        ({**ONE, "value": [2]}, "takes one value"),
        ({**ONE, "value": float("nan")}, "finite"),
        ({**ONE, "op": "between", "value": [1, 2, 3]}, "two values"),
        ({**ONE, "op": "in", "value": []}, "list of 1"),
        ({**ONE, "op": "exists"}, "takes no value"),
        ({"field": "items", "op": "eq", "value": "tea"}, "is a set"),
        ({"field": "attributes.city", "op": "eq", "value": 3}, "takes a text"),
        ({"field": "live.last_seen", "op": "within_days", "value": -1}, "takes days"),
        ({"field": "attributes.city", "op": "eq", "value": "x" * 513}, "at most 512"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(plain, told):
    with pytest.raises(BadConfig, match=told):
        parse_rule(plain)


def test_depth_and_size_are_limited_before_anybody_goes_down():
    deep = ONE
    for _ in range(DEEPEST - 1):
        deep = {"not": deep}
    assert parse_rule(deep)
    with pytest.raises(BadConfig, match="nested at most"):
        parse_rule({"not": deep})
    bottomless = ONE
    for _ in range(100_000):
        bottomless = {"not": bottomless}
    with pytest.raises(BadConfig, match="nested at most"):
        parse_rule(bottomless)
    while "not" in bottomless:  # taken apart by hand, since Python would go down into it
        bottomless = bottomless.pop("not")
    assert parse_rule({"all": [ONE] * MOST_CLAUSES})
    halves = {"any": [{"all": [ONE] * 600}, {"all": [ONE] * 600}]}
    with pytest.raises(BadConfig, match="at most 1000 clauses"):
        parse_rule(halves)


def test_the_schemas_allow_the_depth_that_is_read_and_no_more():
    parts = TypeAdapter(Rule).json_schema(ref_template="#/components/schemas/{model}")["$defs"]
    allowed = jsonschema_rs.validator_for(
        {
            "$ref": f"#/components/schemas/Rule{DEEPEST}",
            "components": {"schemas": parts | rule_schemas()},
        }
    )
    rule = ONE
    for depth in range(1, DEEPEST + 3):
        assert allowed.is_valid(rule) == (depth <= DEEPEST)
        rule = {"not": rule} if depth % 2 else {"all": [rule, ONE]}
    assert not allowed.is_valid({"all": [ONE], "any": [ONE]})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner:
       st.lists(inner, max_size=3) | st.dictionaries(
           st.sampled_from(["all", "any", "not", "field", "op", "value", "x"]), inner)))  # fmt: skip
def test_whatever_comes_is_a_rule_or_refused(plain):
    with suppress(BadConfig):
        assert plain_rule(parse_rule(plain)) == plain


def test_every_group_and_stage_is_a_segment_of_its_own():
    assert len(BUILT_IN) == sum(map(len, CHOICES.values()))
    assert BUILT_IN["rfm.champions"].name == "CHAMPIONS"
    assert BUILT_IN["stage.lapsed"].to_dict()["rule"] == {
        "field": "lifecycle.stage",
        "op": "eq",
        "value": "lapsed",
    }
    assert all(is_built_in(each) for each in BUILT_IN)
    assert not is_built_in("mine")
