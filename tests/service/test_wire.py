"""How trackers write: each of the folder takes its own form apart, and refuses what is not."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import limner.service.intake
from limner import plugins
from limner.service.reading import Rules, read_deliveries
from limner.service.settings import ServeConfig
from limner.service.wire import Malformed, Sending, Wire, deep, wires

NOW = datetime(2026, 5, 2, tzinfo=UTC)
CONFIG = ServeConfig()
names = plugins.names(limner.service.intake)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
known_words = st.sampled_from(
    [
        "type",
        "track",
        "batch",
        "events",
        "name",
        "params",
        "items",
        "userId",
        "client_id",
        "data",
        "id",
        "source",
        "specversion",
        "time",
        "properties",
        "products",
        "customer_id",
        "kind",
    ]
)
likely = st.recursive(
    known_words | json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known_words, inner, max_size=6),
    max_leaves=12,
)


def read(name, body, path=None):
    wire = plugins.load(limner.service.intake, name)()
    delivery = wire.unpack(body, Sending(path or wire.paths[-1], NOW, CONFIG))
    found = read_deliveries([delivery], Rules(), now=NOW)
    return delivery, found


@pytest.mark.parametrize("name", names)
def test_each_is_a_wire_with_addresses_of_its_own(name):
    wire = plugins.load(limner.service.intake, name)()
    assert isinstance(wire, Wire)
    assert all(type(wires()[path]) is type(wire) for path in wire.paths)


@pytest.mark.parametrize("name", names)
@given(likely)
def test_nothing_that_is_sent_breaks_it_and_everything_is_accounted_for(name, body):
    try:
        delivery, found = read(name, orjson.loads(orjson.dumps(body)))
    except Malformed:
        return
    lines = len(delivery.calls) + len(delivery.rows)
    assert len(delivery) == lines + len(delivery.refused)
    told = set(found.arrival.events["_line"].to_list())
    told |= {each for each in found.arrival.refused["line"].to_list() if each is not None}
    calls = [orjson.loads(call) for call in delivery.calls]
    silent = {
        line for line, call in enumerate(calls, 1) if call["type"] in {"identify", "group", "alias"}
    }
    empty = {line for line, call in enumerate(calls, 1) if isinstance(call.get("properties"), dict)}
    assert set(range(1, lines + 1)) - told <= silent | empty


def test_too_many_and_too_large(monkeypatch):
    small = ServeConfig(events_per_body=2, event_bytes=200)
    wire = wires()["batch"]
    with pytest.raises(Malformed, match="at most 2"):
        wire.unpack({"batch": [{}] * 3}, Sending("batch", NOW, small))
    large = {"type": "track", "event": "x", "properties": {"a": "y" * 300}}
    delivery = wire.unpack({"batch": [large]}, Sending("batch", NOW, small))
    assert delivery.refused[0].reason == "event_too_large"
    assert orjson.loads(delivery.refused[0].row) == large, "it can be sent again"


def test_depth_is_measured():
    nested = {"a": [{"b": [1]}]}
    assert deep(nested, 3)
    assert not deep(nested, 4)
    assert not deep(1, 1)


def test_a_device_with_a_wrong_clock_is_set_right():
    call = {"type": "track", "event": "Product Viewed", "userId": "u", "messageId": "m"}
    call |= {"timestamp": "2026-05-01T00:00:00Z", "properties": {"product_id": "p"}}
    body = {"batch": [call], "sentAt": "2026-05-01T00:00:10Z"}
    _, found = read("segment", body, "batch")
    (row,) = found.arrival.events.rows(named=True)
    assert row["time"] == datetime(2026, 5, 1, 23, 59, 50, tzinfo=UTC)


def test_ga4_speaks_of_the_same_deeds():
    item = {"item_id": "p1", "item_name": "Tea", "price": 2.5, "quantity": 2}
    item |= {"item_category": "Drinks", "item_category2": "Tea", "item_brand": "Alp"}
    body = {
        "client_id": "c1",
        "timestamp_micros": "1777600000000000",
        "events": [
            {"name": "purchase", "params": {"transaction_id": "t1", "items": [item]}},
            {"name": "search", "params": {"search_term": "green tea"}},
            {"name": "shop_opened", "params": {"door": "left"}},
            {"name": 5},
            {"name": "view_item", "timestamp_micros": "soon"},
        ],
    }
    delivery, found = read("ga4", body)
    rows = found.arrival.events.sort("_line").rows(named=True)
    assert [row["kind"] for row in rows] == ["purchase", "search", "shop_opened"]
    assert (rows[0]["item_id"], rows[0]["price"], rows[0]["order_id"]) == ("p1", 2.5, "t1")
    assert rows[0]["event_id"] == "ga4:purchase:t1"
    assert rows[1]["text"] == "green tea"
    assert found.arrival.catalogue.rows(named=True)[0]["category"] == "Drinks > Tea"
    assert [each.place for each in delivery.refused] == [3, 4]
    with pytest.raises(Malformed):
        read("ga4", {"events": []})


def test_cloudevents_carry_events_and_calls():
    head = {"specversion": "1.0", "source": "/till", "type": "shop.purchase"}
    plain = head | {"id": "1", "subject": "u1", "time": "2026-05-01T00:00:00Z"}
    call = {"type": "track", "event": "Product Viewed", "userId": "u2", "properties": {"sku": "s"}}
    body = [
        plain | {"data": {"item_id": "p", "price": 2, "till": 4}},
        head | {"id": "2", "data": call},
        head | {"id": "3", "data_base64": "e30="},
        head | {"id": "4", "data_base64": "?"},
        {"id": "5"},
    ]
    delivery, found = read("cloudevents", body)
    rows = {row["event_id"]: row for row in found.arrival.events.rows(named=True)}
    assert rows["/till#1"]["kind"] == "purchase"
    assert orjson.loads(rows["/till#1"]["properties"]) == {"till": 4}
    assert rows["/till#2"]["kind"] == "view"
    assert [each.place for each in delivery.refused] == [3, 4]
    assert found.arrival.refused["reason"].to_list().count("customer_missing") == 1


def test_plain_events_and_what_has_another_name():
    body = {"events": [{"customer_id": "u", "kind": "view", "item_id": "p", "shelf": 3}, {}]}
    _, found = read("plain", body)
    (row,) = found.arrival.events.rows(named=True)
    assert row["time"] == NOW
    assert orjson.loads(row["properties"]) == {"shelf": 3}
    (bad,) = found.arrival.refused.rows(named=True)
    assert (bad["reason"], bad["file"]) == ("customer_missing", "plain")
    assert "time" in orjson.loads(bad["row"])


def test_the_commonest_other_names_of_columns_are_understood():
    body = {"user_id": "u", "event": "purchase", "timestamp": "2026-05-01T00:00:00Z", "sku": "p"}
    _, found = read("plain", body | {"item_id": None, "kind": None})
    (row,) = found.arrival.events.rows(named=True)
    assert (row["customer_id"], row["kind"], row["item_id"]) == ("u", "purchase", "p")
    assert row["time"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert row["properties"] is None
    _, found = read("plain", {"customer_id": "u", "user_id": "x", "kind": "view"})
    (row,) = found.arrival.events.rows(named=True)
    assert (row["customer_id"], row["properties"]) == ("u", '{"user_id":"x"}')


def test_snowplow_counts_devices_clocks_right_and_says_what_it_refuses():
    structured = {"e": "se", "eid": "s1", "duid": "d", "se_ca": "Mixes", "se_ac": "Play"}
    structured |= {"se_va": 3, "dtm": "1777600000000", "stm": "1777600010000"}
    body = {
        "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
        "data": [
            structured,
            {"e": "pv", "eid": "p1", "uid": "u", "page": "Teas", "ttm": 1777600000000},
            {"e": "pv", "uid": "u", "dtm": "soon"},
            {"e": "ue", "uid": "u", "ue_px": "%"},
            {"e": "ue", "uid": "u", "ue_pr": "{"},
            {"e": "zz"},
            5,
        ],
    }
    delivery, found = read("snowplow", body)
    rows = {row["event_id"]: row for row in found.arrival.events.rows(named=True)}
    assert rows["s1"]["kind"] == "mixes_play"
    assert rows["s1"]["time"] == datetime(2026, 5, 1, 23, 59, 50, tzinfo=UTC)
    assert orjson.loads(rows["s1"]["properties"]) == {"se_value": "3"}
    assert rows["p1"]["kind"] == "page_view"
    assert [each.place for each in delivery.refused] == [2, 3, 4, 5, 6]
    again, _ = read("snowplow", orjson.loads(delivery.refused[0].row))
    assert again.refused[0].detail == delivery.refused[0].detail, "it can be sent again"


def unpacked(path, body):
    return wires()[path].unpack(body, Sending(path, NOW, CONFIG))


@pytest.mark.parametrize("odd", [["u"], {"id": "u"}, 4.5, 1042.0, True, False])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("track", lambda odd: {"event": "x", "userId": odd}),
        ("track", lambda odd: {"event": "x", "userId": "u", "anonymousId": odd}),
        ("alias", lambda odd: {"userId": "u", "previousId": odd}),
        ("track", lambda odd: {"event": "x", "userId": "u", "messageId": odd}),
        ("events", lambda odd: {"customer_id": odd, "kind": "view"}),
        ("events", lambda odd: {"customer_id": "u", "anonymous_id": odd, "kind": "view"}),
        ("events", lambda odd: {"user_id": odd, "kind": "view"}),
        ("ga4/collect", lambda odd: {"client_id": odd, "user_id": "u", "events": [{"name": "x"}]}),
        (
            "cloudevents",
            lambda odd: (
                {"id": "1", "source": "s", "specversion": "1.0", "type": "t", "data": {}}
                | {"subject": odd}
            ),
        ),
    ],
)
def test_an_id_that_is_neither_text_nor_whole_number_is_refused(path, body, odd):
    found = unpacked(path, body(odd))
    (refused,) = found.refused
    assert refused.reason == "bad_id"
    assert "must be a text or a whole number, got " in refused.detail
    assert not unpacked(path, body(1042 if path != "ga4/collect" else "c")).refused


def arrived(path, *bodies):
    return read_deliveries(
        [unpacked(path, body) for body in bodies],
        Rules(),
        now=NOW,
    ).arrival


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("2026-05-03T00:00:01Z", "time_in_future"),
        ("2026-05-01T10:00:00+25:00", "time_unreadable"),
        ("2026-05-01T10:00:00+02:75", "time_unreadable"),
        ("2026-05-01T10:00:00-16:00", "time_unreadable"),
    ],
)
def test_times_that_cannot_be_are_refused(when, reason):
    came = arrived("events", {"customer_id": "u", "kind": "view", "time": when})
    assert came.refused["reason"].to_list() == [reason]
    assert when.rstrip("Z") in came.refused["detail"][0]


def test_what_is_told_at_a_time_to_come_is_refused():
    late = {"userId": "u", "anonymousId": "a", "traits": {"city": "X"}}
    came = arrived("identify", late | {"timestamp": "2026-05-04T00:00:00Z"})
    assert came.refused["reason"].to_list() == ["time_in_future"]
    assert came.attributes is None
    assert came.evidence is None
    came = arrived("identify", late | {"timestamp": "2026-05-02T23:00:00Z"})
    assert came.refused.is_empty()
    assert len(came.evidence) == 1
    track = late | {"event": "x", "timestamp": "2026-05-04T00:00:00Z"}
    assert arrived("track", track).evidence is None


def test_a_visitor_and_a_customer_of_one_row_are_linked():
    rows = [
        {"customer_id": "u", "anonymous_id": "a", "kind": "view"},
        {"anonymousId": "b", "kind": "view"},
        {"customer_id": "c", "kind": "view"},
    ]
    came = arrived("events", rows)
    assert came.events["customer_id"].to_list() == ["u", "b", "c"]
    assert came.evidence.select("a", "b", "rule").rows() == [
        ("anonymous_id:a", "user_id:u", "event")
    ]
    cloud = {"id": "1", "source": "s", "specversion": "1.0", "type": "shop.view", "subject": "u"}
    assert len(arrived("cloudevents", cloud | {"data": {"anonymous_id": "a"}}).evidence) == 1
    ga4 = {"client_id": "c", "user_id": "u", "events": [{"name": "view_item"}]}
    assert len(arrived("ga4/collect", ga4).evidence) == 1


def test_calls_that_tell_of_a_customer_are_counted():
    calls = [{"type": kind, "userId": "u", "groupId": "g"} for kind in ("identify", "group")]
    found = unpacked("batch", {"batch": [*calls, {"type": "track", "event": "x", "userId": "u"}]})
    assert found.telling == [0, 1]


def test_calls_of_a_batch_within_an_event_keep_what_they_say():
    call = {
        "type": "track",
        "event": "Product Viewed",
        "userId": "u",
        "timestamp": "2025-01-01T00:00:00Z",
        "properties": {"product_id": "p1", "price": 2, "colour": "green"},
    }
    told = {"id": "1", "source": "s", "specversion": "1.0", "type": "t"}
    told["data"] = {"type": "track", "batch": [call]}
    delivery = wires()["cloudevents"].unpack(told, Sending("cloudevents", NOW, CONFIG))
    events = read_deliveries([delivery], Rules(), now=NOW).arrival.events
    assert events.select("item_id", "price", "properties").rows() == [
        ("p1", 2.0, '{"colour":"green"}')
    ]


@pytest.mark.parametrize("kind", ["track", "identify", "alias"])
def test_a_year_that_no_calendar_here_has_harms_nothing_else(kind):
    call = {
        "type": kind,
        "event": "Product Viewed",
        "userId": "u",
        "anonymousId": "a",
        "previousId": "b",
        "traits": {"plan": "gold"},
        "timestamp": "0000-01-01T00:00:00Z",
    }
    delivery = wires()[kind].unpack(call, Sending(kind, NOW, CONFIG))
    arrival = read_deliveries([delivery], Rules(), now=NOW).arrival
    assert arrival.evidence is None or arrival.evidence.is_empty()
    if kind == "track":
        assert arrival.refused["reason"].to_list() == ["time_too_early"]
    else:
        assert arrival.attributes is not None
        assert arrival.attributes["known_at"].to_list() == [None]
