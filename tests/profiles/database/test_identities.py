"""Persons are explained, and decided by hand; every decision is in the audit log."""

from dataclasses import replace

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, view
from limner.errors import BadConfig, UnknownCustomer
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.profiles.database.audit import AuditLog
from limner.profiles.database.identities import IdentityBook

PEPPER = b"sixteen bytes or more"


def send(store, *pairs, events=()):
    rows = [(*sorted(pair), "identify", T0, f"m{at}") for at, pair in enumerate(pairs)]
    told = pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")
    store.accept(replace(arrival(*events), evidence=told), received_us=NOW_US)


@pytest.fixture
def book(store):
    send(
        store,
        ("anonymous_id:a1", "user_id:u1"),
        ("anonymous_id:a1", "device:d"),
        ("device:d", "user_id:u1"),
        ("anonymous_id:a1", "email:own@a.bc"),
        events=[view(who) for who in ("a1", "u1", "bob")],
    )
    return IdentityBook(store.engine, PEPPER)


def test_an_undo_cuts_every_way_by_which_an_id_hangs_with_another(store, book):
    cut = book.unmerge("a1", "u1", actor="k")
    assert cut == [("id:a1", "device:d"), ("id:a1", "id:u1")]
    assert store.page("a1").identities == ("a1",)
    assert store.page("email:own@a.bc").customer_id == "a1"
    send(store, ("anonymous_id:a1", "user_id:u1"), ("anonymous_id:a1", "device:d"))
    assert store.page("a1").identities == ("a1",)
    why = {
        tuple(name["value"] for name in pair["between"]): pair for pair in book.explain("a1").links
    }
    assert why["d", "a1"]["reason"] == why["a1", "u1"]["reason"] == "undone"
    assert [row["rule"] for row in why["a1", "u1"]["evidence"]] == ["identify", "unmerge"]


def test_customers_without_evidence_are_merged_by_hand(store, book):
    token = store.token()
    assert book.merge("bob", "a1", actor="k") == "u1"
    assert store.token() == token + 1
    assert book.ids("bob") == ["bob", "a1", "u1"]
    found = book.explain("bob")
    assert found.customer_id == "u1"
    assert {"type": "id", "value": "bob"}.items() <= found.identities[-2].items()
    decided = [step for step in found.merges if step["what"] == "decided"]
    assert [(step["rule"], step["by"]) for step in decided] == [("merge", "k")]
    assert [row.action for row in AuditLog(store.engine, PEPPER).about("bob")] == ["identity.merge"]


def test_what_cannot_be_decided_is_refused(store, book):
    with pytest.raises(UnknownCustomer):
        book.merge("a1", "nobody", actor="k")
    with pytest.raises(BadConfig, match="the same"):
        book.merge("a1", "id:a1", actor="k")
    with pytest.raises(BadConfig, match="two"):
        book.unmerge("a1", "bob", actor="k")
    with pytest.raises(BadConfig, match="key"):
        IdentityBook(store.engine, None).merge("a1", "bob", actor="k")
    with pytest.raises(UnknownCustomer):
        book.explain("nobody")
