"""Requests, consents and the list of the erased, in SQLite and a real PostgreSQL."""

from contextlib import closing

import polars as pl
import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import BadConfig, UnknownCustomer
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA
from limner.events.refusals import REFUSED_SCHEMA
from limner.profiles.counters import Counters
from limner.profiles.database.privacy import PrivacyBook
from limner.profiles.database.store import DatabaseStore
from serving import PEPPER, an_eraser


@pytest.fixture
def store(address):
    with DatabaseStore(address, pepper=PEPPER) as found:
        yield found


@pytest.fixture
def book(store):
    with closing(PrivacyBook(store.engine, PEPPER)) as found:
        yield found


@pytest.fixture
def eraser(store, book):
    found = an_eraser(store)
    yield found
    found.book.close()


def refused(*rows):
    told = [("time_missing", f"said {row}", "plain", None, row) for row in rows]
    return pl.DataFrame(told, schema=REFUSED_SCHEMA, orient="row")


def told(who, value):
    return pl.DataFrame([(who, "city", value, None)], schema=ATTRIBUTES_SCHEMA, orient="row")


def items(*names):
    rows = [(name, name.title(), None, None, None, 1.0, None) for name in names]
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA, orient="row")


def bring(store, *events, **more):
    return store.accept(arrival(*events, **more), received_us=NOW_US)


def fill(store):
    bring(
        store,
        buy("ann", "a1", item_id="ring", currency="XAU"),
        buy("ben", "b1"),
        refused=refused('{"userId": "ann", "x": "canary"}', '{"userId": "ben"}'),
        attributes=told("ann", "canary"),
        catalogue=items("ring", "milk"),
    )


def test_everything_held_is_shown_and_nothing_of_others(store, book, eraser):
    fill(store)
    book.tell_consents("ann", {"marketing": False}, actor="key")
    held = eraser.export("ann")["database"]
    assert held["journal"][0]["event_id"] == "a1"
    assert held["attributes"][0]["value"] == "canary"
    assert held["consents"][0]["granted"] == 0
    assert "canary" in held["rejects"][0]["row"]
    assert held["customers"][0]["counters"]["orders"] == 1
    assert held["audit"][0]["action"] == "consent"
    assert "ben" not in str(held)
    assert eraser.export("nobody")["database"] == {}


def test_whoever_is_erased_is_gone_from_every_table_and_others_stay(store, book, eraser):
    fill(store)
    book.tell_consents("ann", {"marketing": True}, actor="key")
    request = eraser.ask("erase", "ann", actor="key")
    assert request.state == "running"
    (done,) = eraser.resume(actor="key")
    assert done.state == "done"
    assert done.customer_id is None
    counts = done.receipt["counts"]
    assert counts["database/journal"] == counts["database/attributes"] == 1
    assert counts["database/rejects"] == counts["database/items"] == 1
    assert counts["database/seen"] == 2
    with pytest.raises(UnknownCustomer):
        store.page("ann")
    assert eraser.export("ann")["database"].keys() <= {"audit"}
    assert Counters.from_json(store.page("ben").counters).orders == 1
    assert [each.row for each in store.rejects()] == ["", '{"userId": "ben"}']
    assert store.catalogue()["item_id"].to_list() == ["milk"]
    assert book.audit.verify().good
    assert "ann" not in str(done)


def test_nothing_of_theirs_comes_back_unless_it_may(store, eraser):
    fill(store)
    eraser.ask("erase", "ann", actor="key")
    # From now on, before anything was erased.
    receipt = bring(store, buy("ann", "a2"), buy("ben", "b2"), attributes=told("ann", "x"))
    assert (receipt.accepted, receipt.erased) == (1, (1,))
    eraser.resume(actor="key")
    receipt = bring(
        store,
        buy("ann", "a3", item_id="cup"),
        refused=refused('{"userId": "ann", "time": "secret"}'),
        attributes=told("ann", "secret"),
        catalogue=items("cup"),
    )
    assert (receipt.accepted, receipt.erased) == (0, (1,))
    last = store.rejects()[-2:]
    assert [each.reason for each in last] == ["erased", "erased"]
    assert "secret" not in str(store.rejects())
    assert "cup" not in store.catalogue()["item_id"].to_list()
    assert store.attributes(["ann"]).is_empty()
    store.seed({"ann": Counters(), "ben": Counters()}, [], upto=store.token())
    assert "ann" not in store.numbers()
    eraser.ask("erase", "ann", actor="key", allow_return=True)
    eraser.resume(actor="key")
    assert bring(store, buy("ann", "a4")).accepted == 1


def test_without_the_key_nothing_is_taken_in_once_somebody_was_erased(address, eraser):
    eraser.ask("erase", "ann", actor="key")
    with DatabaseStore(address) as other, pytest.raises(BadConfig, match="not the key"):
        bring(other, buy("ben"))


def test_what_was_begun_is_finished_by_whoever_comes_next(address, store, eraser, monkeypatch):
    """A kill between any two steps."""
    fill(store)
    eraser.ask("erase", "ann", actor="key")
    for place in ("_left", "count_erasure"):
        with monkeypatch.context() as patch:
            patch.setattr(f"limner.profiles.database.erasing.{place}", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                eraser.resume(actor="key")
    for method in ("forget", "scrub", "finish"):
        with monkeypatch.context() as patch:
            patch.setattr(PrivacyBook, method, lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                eraser.resume(actor="key")
    with DatabaseStore(address, pepper=PEPPER) as anew:
        other = an_eraser(anew)
        (done,) = other.resume(actor="service")
        assert other.book.unfinished() == []
        assert other.resume(actor="service") == []
        other.book.close()
    assert done.receipt["counts"]["database/journal"] == 1
    assert done.customer_id is None


def test_twice_is_fine_and_asked_twice_at_once_too(store, eraser):
    fill(store)
    eraser.ask("erase", "ann", actor="key")
    eraser.ask("erase", "ann", actor="key")
    eraser.ask("access", "ann", actor="key")
    assert [each.state for each in eraser.resume(actor="key")] == ["done", "done"]
    eraser.ask("erase", "ann", actor="key")
    (third,) = eraser.resume(actor="key")
    assert not any(third.receipt["counts"].values())
    assert "ann" not in str(eraser.book.held("ann"))


def test_what_customers_said_of_purposes(book):
    book.tell_consents("ann", {"marketing": False, "risk": True}, actor="key")
    book.tell_consents("ben", {"marketing": True}, actor="key")
    said = book.consents(["ann", "ben", "cleo"])
    assert said == {"ann": {"marketing": False, "risk": True}, "ben": {"marketing": True}}
    book.tell_consents("ann", {"marketing": None, "risk": False}, actor="key")
    assert book.consents(["ann"]) == {"ann": {"risk": False}}
    assert len(book.audit.about("ann")) == 2


def test_of_somebody_who_was_erased_nothing_is_kept(book, eraser):
    eraser.ask("erase", "ann", actor="key")
    eraser.resume(actor="key")
    with pytest.raises(BadConfig, match="was erased"):
        book.tell_consents("ann", {"risk": True}, actor="key")


def test_whoever_came_back_with_an_older_copy_is_erased_again(store, book, eraser):
    fill(store)
    assert eraser.again(actor="restore") == []
    done = eraser.again(actor="restore", more=[book.names.digest("ann")])
    assert len(done) == 1
    assert store.pages_of(["ann"]) == []
    assert eraser.again(actor="restore") == []
