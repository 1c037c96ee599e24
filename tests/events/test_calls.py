"""Which names calls and rows link."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from limner.events.calls import evidence_of_rows
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.readers.segment import Segment
from limner.events.suppression import Suppression

WHEN = "2026-05-01T10:00:00Z"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def told(*calls):
    lines = "\n".join(json.dumps({"timestamp": WHEN, **call}) for call in calls).encode()
    batch = Segment().read_calls(lines, Mapping(reader="segment"), source="x")
    return [(a, b, rule, call) for a, b, rule, _, call in batch.evidence.iter_rows()]


def test_identify_links_visitor_address_phone_device_and_other_ids():
    context = {"device": {"id": "d1"}, "externalIds": [{"id": 7, "type": "crm"}, "odd"]}
    traits = {"email": "Ann@B.example", "phone": "+49 (30) 12"}
    found = told(
        {"type": "identify", "userId": "u1", "anonymousId": "a1", "messageId": "m1"}
        | {"traits": traits, "context": context}
    )
    assert found == [
        (name, "user_id:u1", "identify", "m1")
        for name in ("anonymous_id:a1", "device:d1", "email:ann@b.example", "external_id:crm=7")
    ] + [("phone:+493012", "user_id:u1", "identify", "m1")]


@pytest.mark.parametrize(
    ("call", "pair"),
    [
        ({"type": "track", "event": "x", "userId": "u", "anonymousId": "a"}, ("a", "u")),
        ({"type": "page", "userId": "u", "anonymousId": "a"}, ("a", "u")),
        ({"type": "alias", "userId": "u", "previousId": "old"}, ("old", "u")),
    ],
)
def test_calls_with_two_ids_link_them(call, pair):
    ((a, b, rule, _),) = told(call)
    assert (a, b, rule) == (f"anonymous_id:{pair[0]}", f"user_id:{pair[1]}", call["type"])


@pytest.mark.parametrize(
    "call",
    [
        {"type": "group", "userId": "u", "anonymousId": "a", "groupId": "g"},
        {"type": "track", "event": "x", "userId": "u"},
        {"type": "identify", "userId": "u", "traits": {"email": ["e"], "phone": True}},
        {"type": "identify", "userId": "u", "context": {"device": "d", "externalIds": {}}},
        {"type": "alias", "userId": "u"},
        {"type": "identify", "userId": "u", "anonymousId": "a" * 513},
    ],
)
def test_other_calls_link_nothing(call):
    assert told(call) == []


def test_visitors_are_linked_by_what_their_context_tells():
    context = {"device": {"id": "d1"}, "traits": {"email": "e@f.gh"}}
    found = told({"type": "track", "event": "x", "anonymousId": "a1", "context": context})
    assert [pair[:2] for pair in found] == [
        ("anonymous_id:a1", "device:d1"),
        ("anonymous_id:a1", "email:e@f.gh"),
    ]


def test_rows_of_our_own_link_visitor_and_customer():
    names = ("customer_id", "anonymous_id", "time", "event_id")
    rows = pl.DataFrame(
        [("u", "a", WHEN, "e1"), ("u", None, WHEN, "e2"), ("u", "u", WHEN, "e3")],
        schema=dict.fromkeys(names, pl.String),
        orient="row",
    )
    assert evidence_of_rows(rows).select("a", "b", "rule", "call").rows() == [
        ("anonymous_id:a", "user_id:u", "event", "e1")
    ]


def test_files_keep_their_evidence_beside_the_log_but_for_the_erased(tmp_path):
    calls = [
        {"type": "identify", "userId": who, "anonymousId": f"a-{who}", "timestamp": WHEN}
        for who in ("ann", "bob")
    ]
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(call) + "\n" for call in calls))
    gone = Suppression(b"key", [Suppression(b"key").digest("bob")])
    log = EventLog.create(tmp_path / "log", buckets=2)
    before = log.manifest.fingerprint
    for _ in range(2):
        ingest(log, [(Segment(), Mapping(reader="segment"), file)], now=NOW, suppression=gone)
        assert log.evidence()["b"].to_list() == ["user_id:ann"]
    assert log.manifest.fingerprint != before
