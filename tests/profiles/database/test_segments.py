"""Segments are kept, changed by one at a time, and forget who is erased, in both databases."""

from contextlib import closing

import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import BadConfig, Overtaken
from limner.events.event import ATTRIBUTES_SCHEMA
from limner.profiles.database import segments
from limner.profiles.database.segments import SegmentBook
from limner.profiles.database.store import DatabaseStore
from serving import PEPPER, an_eraser

RULE = {"field": "traits.orders", "op": "ge", "value": 2}


@pytest.fixture
def book(store):
    return SegmentBook(store.engine)


def test_a_segment_is_kept_changed_and_taken_away(book):
    made = book.make("two", name="Two", rule=RULE, description="d")
    assert book.get("two") == made
    assert made.version == 1
    fresh = book.change(made, {"name": "Second"})
    assert (fresh.version, fresh.name, fresh.rule, fresh.description) == (2, "Second", RULE, "d")
    book.make("one", name="One", rule=RULE)
    assert [each.id for each in book.all()] == ["one", "two"]
    assert book.drop("two")
    assert not book.drop("two")
    assert book.get("two") is None


def test_two_who_change_at_once_do_not_undo_each_other(book):
    made = book.make("two", name="Two", rule=RULE)
    book.change(made, {"name": "first"})
    with pytest.raises(Overtaken, match="changed meanwhile"):
        book.change(made, {"name": "second"})
    assert book.get("two").name == "first"


def test_an_id_is_given_once_and_there_is_a_most(book, monkeypatch):
    book.make("two", name="Two", rule=RULE)
    with pytest.raises(Overtaken, match="already"):
        book.make("two", name="Again", rule=RULE)
    monkeypatch.setattr(segments, "MOST_SEGMENTS", 1)
    with pytest.raises(BadConfig, match="no more are kept"):
        book.make("three", name="Three", rule=RULE)


def test_what_an_erased_customer_alone_told_goes_from_rules_and_names(address):
    import polars as pl

    told = pl.DataFrame(
        [
            ("ann", "email", "ann@example.org", None),
            ("ann", "city", "Bern", None),
            ("ben", "city", "Bern", None),
        ],
        schema=ATTRIBUTES_SCHEMA,
        orient="row",
    )
    one = {"field": "attributes.email", "op": "eq", "value": "ann@example.org"}
    city = {"field": "attributes.city", "op": "in", "value": ["Bern", "Basel"]}
    ring = {"not": {"field": "items", "op": "contains", "value": "ring"}}
    like = {"field": "traits.tier", "op": "eq", "value": "ann"}
    with DatabaseStore(address, pepper=PEPPER) as store:
        book, eraser = SegmentBook(store.engine), an_eraser(store)
        with closing(eraser.book):
            rows = (buy("ann", "a1", item_id="ring"), buy("ben", "b1", item_id="milk"))
            store.accept(arrival(*rows, attributes=told), received_us=NOW_US)
            book.make("s", name="like ann, not annual", rule={"any": [one, city, ring, like]})
            book.make("t", name="others", rule=city)
            held = eraser.export("ann")["database"]["segments"]
            assert [each["id"] for each in held] == ["s"]
            assert "segments" not in eraser.export("ben")["database"]
            eraser.ask("erase", "ann", actor="key")
            (done,) = eraser.resume(actor="key")
        found = book.get("s")
        assert found.name == "like [erased], not annual"
        assert found.rule["any"] == [
            one | {"value": "[erased]"},
            city,
            {"not": ring["not"] | {"value": "[erased]"}},
            like,
        ]
        assert book.get("t").version == 1
        assert "database/segments" in done.receipt["searched"]
        assert done.receipt["counts"]["database/segments"] == 1
        assert done.receipt["counts"]["database/segments/items"] == 1
