"""Whichever name is asked for, the person is told of; who is alone is read as before."""

from dataclasses import replace

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, view
from limner.errors import UnknownCustomer
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.profiles.database.persons import everybody_moved, find_person, ids_of, persons_of


@pytest.fixture
def linked(store):
    rows = [
        ("anonymous_id:a1", "user_id:u1", "identify", T0, "m1"),
        ("email:e@f.gh", "user_id:u1", "identify", T0, "m1"),
        ("device:d", "user_id:u2", "identify", T0, "m2"),
    ]
    told = pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")
    came = arrival(*(view(who) for who in ("a1", "u1", "u2", "bob", "email:odd")))
    store.accept(replace(came, evidence=told), received_us=NOW_US)
    return store


@pytest.mark.parametrize(
    ("asked", "person"),
    [
        ("a1", "u1"),
        ("user_id:u1", "u1"),
        ("anonymous_id:a1", "u1"),
        ("id:a1", "u1"),
        ("email:E@F.gh", "u1"),
        ("device:d", "u2"),
        ("user_id:bob", "bob"),
        ("email:odd", "email:odd"),
    ],
)
def test_a_person_is_found_by_any_name(linked, asked, person):
    with linked.engine.connect() as connection:
        assert find_person(connection, asked) == person
    assert linked.page(asked).customer_id == person
    assert linked.state(asked, "service")[0] == linked.page(asked).seq


@pytest.mark.parametrize("asked", ["nobody", "email:x@y.z", "user_id:nobody", ":", "id:"])
def test_who_is_not_known_is_an_error(linked, asked):
    with pytest.raises(UnknownCustomer):
        linked.page(asked)
    with pytest.raises(UnknownCustomer):
        linked.state(asked, "service")


def test_only_who_has_several_ids_is_written_down(linked):
    with linked.engine.connect() as connection:
        assert persons_of(connection, ["a1", "u1", "u2", "bob"]) == {"a1": "u1", "u1": "u1"}
        assert ids_of(connection, ["u1", "bob"]) == {"u1": ["a1", "u1"], "bob": ["bob"]}
        assert everybody_moved(connection) == {"a1": "u1"}


def test_pages_go_on_after_a_person(linked):
    first = linked.pages(limit=2)
    rest = linked.pages(after=first[-1].customer_id, limit=9)
    assert [page.customer_id for page in (*first, *rest)] == ["bob", "email:odd", "u1", "u2"]
