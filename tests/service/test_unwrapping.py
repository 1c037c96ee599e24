"""A message is taken apart in its form, or refused whole, kept so that it can be sent again."""

from datetime import UTC, datetime

import orjson
import pytest

from limner.errors import BadConfig
from limner.events.snowplow_words import ENRICHED
from limner.service.settings import ServeConfig
from limner.service.unwrapping import Unwrapper
from serving import bought

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CLOUD = {"specversion": "1.0", "id": "1", "source": "/till", "type": "shop.purchase", "data": {}}
GA4 = {"client_id": "c", "events": [{"name": "view_item", "params": {}}]}


def unwrap(value, form="auto", **settings):
    return Unwrapper(ServeConfig(**settings)).unwrap(orjson.dumps(value), form, sent=NOW)


@pytest.mark.parametrize(
    ("value", "form", "source", "number"),
    [
        (bought(), "auto", "segment", 1),
        ({"batch": [bought(), bought()]}, "auto", "segment", 2),
        ({"customer_id": "a", "kind": "view"}, "auto", "plain", 1),
        ([{"customer_id": "a"}, {"customer_id": "b"}], "auto", "plain", 2),
        (bought(), "segment", "segment", 1),
        (CLOUD, "cloudevents", "cloudevents", 1),
        (GA4, "ga4", "ga4", 1),
    ],
)
def test_a_message_is_read_in_its_form(value, form, source, number):
    delivery = unwrap(value, form)
    assert (delivery.source, len(delivery), delivery.refused) == (source, number, [])


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        (7, "auto", "bad_body"),
        ({"events": []}, "ga4", "bad_body"),
        ("x" * 2_000, "plain", "body_too_large"),
        ({"type": "shout"}, "segment", "bad_event"),
        ([], "segment", "bad_event"),
    ],
)
def test_what_cannot_be_read_is_kept_whole(value, form, reason):
    (bad,) = unwrap(value, form, body_bytes=1_000).refused
    assert bad.reason == reason
    assert orjson.dumps(value).startswith(bad.row)


def test_what_is_no_json_is_kept_as_it_is():
    (bad,) = Unwrapper(ServeConfig()).unwrap(b"\xff{", "auto", sent=NOW).refused
    assert (bad.reason, bad.row) == ("bad_json", b"\xff{")


def test_a_form_is_one_that_is_known():
    unwrapper = Unwrapper(ServeConfig())
    assert unwrapper.known("ga4") == unwrapper.demand("ga4") == "ga4"
    assert unwrapper.known("http") == "auto"
    with pytest.raises(BadConfig, match=r"form must be one of auto, cloudevents, .*, got 'xml'"):
        unwrapper.demand("xml")


def test_a_line_of_snowplows_enriched_stream_is_known_by_its_columns():
    told = {"event": "page_view", "event_id": "e", "user_id": "u", "page_title": "Teas"}
    line = "\t".join(told.get(name, "") for name in ENRICHED)
    for form in ("auto", "snowplow"):
        delivery = Unwrapper(ServeConfig()).unwrap(line.encode(), form, sent=NOW)
        call = orjson.loads(delivery.calls[0])
        assert (call["userId"], call["messageId"], call["name"]) == ("u", "e", "Teas")
    bad = Unwrapper(ServeConfig()).unwrap(line.encode() + b"\t", "auto", sent=NOW).refused[0]
    again = Unwrapper(ServeConfig()).unwrap(bad.row, "snowplow", sent=NOW).refused[0]
    assert again.detail == bad.detail == "an enriched event must have 131 columns, got 132"
    raw = b'{"schema": "iglu:a/payload_data/jsonschema/1-0-4", "data": [{"e": "pv", "uid": "u"}]}'
    assert Unwrapper(ServeConfig()).unwrap(raw, "auto", sent=NOW).source == "snowplow"
    many = "\n".join([line] * 3).encode()
    few = Unwrapper(ServeConfig(events_per_body=2)).unwrap(many, "auto", sent=NOW)
    assert few.refused[0].reason == "bad_body"
