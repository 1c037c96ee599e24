"""What the database is asked comes back as it went in."""

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, buy, frame, view
from limner.errors import UnknownCustomer
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA
from limner.profiles.database.reading import totals_of


def accept(store, *events, **more):
    return store.accept(arrival(*events, **more), received_us=NOW_US)


def test_events_come_back_as_they_went_in(store):
    went = [buy(text="好", rating=4.0, discount=0.5, currency="CNY"), view("ben", day=0.123456)]
    accept(store, *went)
    numbers = store.numbers()
    found = store.events_of(list(numbers.values()))
    assert found.sort("customer_id").equals(frame(*went).drop("_line").sort("customer_id"))
    assert store.events_of([]).is_empty()
    assert store.numbers_of(["ben", "nobody"]) == {"ben": numbers["ben"]}


def test_a_timeline_goes_back_page_by_page(store):
    accept(store, *(buy(event_id=f"e{at}", day=at) for at in range(5)))
    first = store.timeline("ann", before=None, limit=3)
    assert [each.seq for each in first] == [5, 4, 3]
    rest = store.timeline("ann", before=first[-1].seq, limit=3)
    assert [each.event["event_id"] for each in rest] == ["e1", "e0"]
    assert rest[-1].event["time"] == T0.isoformat()
    with pytest.raises(UnknownCustomer, match="nobody"):
        store.timeline("nobody", before=None, limit=3)


def test_the_newest_word_on_an_item_counts_and_silence_changes_nothing(store):
    def told(**facts):
        return pl.DataFrame([dict.fromkeys(CATALOGUE_SCHEMA) | facts], schema=CATALOGUE_SCHEMA)

    accept(store, catalogue=told(item_id="tea", title="Tea", price=2.0))
    accept(store, catalogue=told(item_id="tea", price=3.0))
    (row,) = store.catalogue(["tea", "none"]).rows(named=True)
    assert len(store.catalogue()) == 1
    assert (row["title"], row["price"], row["brand"]) == ("Tea", 3.0, None)


def test_what_customers_told_is_kept_once(store):
    told = pl.DataFrame(
        [("ann", "age", "33", T0), ("ann", "age", "33", T0), ("bob", "age", None, T0)],
        schema=ATTRIBUTES_SCHEMA,
        orient="row",
    )
    accept(store, attributes=told)
    accept(store, attributes=told)
    assert store.attributes(["ann", "bob"]).rows() == [("ann", "age", "33", T0)]


def test_totals_count_everything(store):
    accept(store, buy("ann"), buy("bob"), buy("bob"))
    with store.engine.connect() as connection:
        told = totals_of(connection)
    assert told == {"customers": 2, "events": 2, "rejects": 0, "stale": 2, "token": 2}
