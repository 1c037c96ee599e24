"""What was refused can be sent again, whatever it came as; what is understood then is taken."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from limner.profiles.database.store import DatabaseStore
from limner.service.reading import Rules, read_deliveries
from limner.service.replaying import replay
from limner.service.settings import ServeConfig
from limner.service.unwrapping import Unwrapper
from serving import bought

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=400)
FUTURE = "2026-12-01T10:00:00Z"
"""Refused when it comes, since it has not been yet; fine a year later."""


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def came(store, value, form="auto", **settings):
    """Let one message come in today."""
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    delivery = Unwrapper(ServeConfig(**settings)).unwrap(body, form, sent=NOW)
    found = read_deliveries([delivery], Rules(), now=NOW)
    return store.accept(found.arrival, received_us=round(NOW.timestamp() * 1e6))


def again(store, **more):
    rules, now = more.pop("rules", Rules()), more.pop("now", LATER)
    return replay(store, Unwrapper(ServeConfig()), rules, now=now, **more)


CLOUD = {"specversion": "1.0", "id": "1", "source": "/till", "type": "shop.purchase"}
MICROS = int(datetime.fromisoformat(FUTURE).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("value", "form", "source"),
    [
        (bought(timestamp=FUTURE), "segment", "segment"),
        ({"customer_id": "ann", "kind": "view", "time": FUTURE, "tint": "red"}, "plain", "plain"),
        (
            CLOUD | {"time": FUTURE, "subject": "ann", "data": {"item_id": "tea"}},
            "cloudevents",
            "cloudevents as plain",
        ),
        (
            CLOUD | {"data": bought(timestamp=FUTURE)},
            "cloudevents",
            "cloudevents as segment",
        ),
        (
            {"client_id": "ann", "events": [{"name": "purchase", "timestamp_micros": MICROS}]},
            "ga4",
            "ga4 as segment",
        ),
    ],
)
def test_what_is_right_by_now_is_taken(store, value, form, source):
    assert came(store, value, form).accepted == 0
    (row,) = store.rejects()
    assert (row.reason, row.source) == ("time_in_future", source)
    stays = again(store, now=NOW)
    assert (stays.taken, stays.refused, stays.accepted) == (0, 1, 0)
    assert store.rejects() == [row]
    done = again(store)
    assert (done.taken, done.accepted, done.refused, done.cursor) == (1, 1, 0, None)
    assert store.rejects() == []
    (event,) = store.timeline("ann", before=None, limit=5)
    assert datetime.fromisoformat(event.event["time"]) == datetime.fromisoformat(FUTURE)
    assert ("tint" in event.event.get("properties", "")) == (form == "plain")


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"batch": [bought(text="x" * 900)]}, "segment"),
        ({"customer_id": "ann", "kind": "view", "text": "x" * 900}, "plain"),
        (CLOUD | {"subject": "ann", "data": {"text": "x" * 900}}, "cloudevents"),
        ({"client_id": "ann", "events": [{"name": "purchase", "params": {"a": "x" * 900}}]}, "ga4"),
    ],
)
def test_an_event_that_was_too_large_is_kept_whole_and_taken_where_it_may_be(store, value, form):
    came(store, value, form, event_bytes=400)
    (row,) = store.rejects()
    assert row.reason == "event_too_large"
    assert again(store, now=NOW).accepted == 1
    assert store.rejects() == []


def test_a_row_that_is_wrong_in_part_stays_and_its_rest_is_counted_once(store):
    body = {"events": [{"customer_id": "ann", "kind": "view"}, {"kind": "view"}]}
    came(store, orjson.dumps(body), body_bytes=1_000, depth=4)
    came(store, orjson.dumps(body)[:-1])
    assert [each.reason for each in store.rejects()] == ["customer_missing", "bad_json"]
    assert again(store).taken == 0
    assert store.totals()["events"] == 1


def test_rows_are_replayed_page_by_page(store):
    for at in range(5):
        came(store, bought("ann", f"m{at}", order=f"o{at}", timestamp=FUTURE))
    first = again(store, limit=2)
    assert (first.taken, first.cursor) == (2, 2)
    rest = again(store, limit=10, after=first.cursor)
    assert (rest.taken, rest.accepted, rest.cursor) == (3, 3, None)
    assert again(store).taken == 0
    assert store.totals()["events"] == 5
