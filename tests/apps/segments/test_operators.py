"""What the document says of clauses is what is taken: no more, and no less."""

from contextlib import suppress

import jsonschema_rs
from hypothesis import given, settings

from limner.apps.segments.fields import Kind, kind_of, names_of
from limner.apps.segments.operators import FITS, clause_schema
from limner.apps.segments.rule import parse_rule
from limner.errors import BadConfig
from rules import clauses


def document():
    schema = {}
    clause_schema(schema)
    return jsonschema_rs.validator_for(schema, validate_formats=True)


SCHEMA = document()


@settings(deadline=None, max_examples=300)
@given(clauses())
def test_whatever_may_be_asked_is_in_the_document(plain):
    parse_rule(plain)
    assert SCHEMA.is_valid(plain)


@settings(deadline=None, max_examples=300)
@given(clauses(), clauses())
def test_whatever_is_not_in_the_document_is_refused(one, other):
    mixed = {"field": one["field"], "op": other["op"]}
    mixed |= {"value": other["value"]} if "value" in other else {}
    with suppress(BadConfig):
        parse_rule(mixed)
        assert SCHEMA.is_valid(mixed)
    if SCHEMA.is_valid(mixed):
        parse_rule(mixed)


def test_every_kind_has_fields_and_operators():
    for kind in Kind:
        whole, heads = names_of(kind)
        assert whole or heads
        assert all(kind_of(field) is kind for field in whole)
        assert all(kind_of(f"{head}.x y.z") is kind for head in heads)
        assert "exists" in FITS[kind]
