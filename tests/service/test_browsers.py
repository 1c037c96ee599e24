"""Trackers in browsers and Snowplow's: another address is all that they need."""

import base64
import json

from serving import bought

PRODUCT = {
    "schema": "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0",
    "data": {"id": "tea", "name": "Tea", "price": 2.5, "quantity": 2, "currency": "EUR"},
}
ORDER = {
    "schema": "iglu:com.snowplowanalytics.snowplow.ecommerce/transaction/jsonschema/1-0-0",
    "data": {"transaction_id": "t1", "revenue": 5, "currency": "EUR"},
}
ACTION = {
    "schema": "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2",
    "data": {"type": "transaction"},
}
BARE = {"Authorization": ""}


def packed(told):
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def payload(*events):
    schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    return {"schema": schema, "data": list(events)}


def order(eid, who):
    unstruct = {"schema": "iglu:a/unstruct_event/jsonschema/1-0-0", "data": ACTION}
    contexts = {"schema": "iglu:a/contexts/jsonschema/1-0-1", "data": [PRODUCT, ORDER]}
    return {
        "e": "ue",
        "eid": eid,
        "uid": who,
        "duid": "d1",
        "tv": "js-3.24.0",
        "ue_px": packed(unstruct),
        "cx": packed(contexts),
        "dtm": "1777629600000",
        "stm": "1777629600500",
    }


def test_a_tracker_of_snowplow_needs_another_address_alone(served):
    addresses = (
        (f"/v1/snowplow/{served.key}/com.snowplowanalytics.snowplow/tp2", BARE),
        ("/com.snowplowanalytics.snowplow/tp2", {}),
        ("/v1/snowplow", {}),
    )
    for at, (path, headers) in enumerate(addresses):
        body = payload(order(f"e{at}", f"sp{at}"))
        sent = served.client.post(path, json=body, headers=headers)
        assert (sent.status_code, sent.json()["accepted"]) == (200, 1), path
        again = served.client.post(path, json=body, headers=headers).json()
        assert (again["accepted"], again["duplicates"]) == (0, 1)
        live = served.client.get(f"/v1/profiles/sp{at}").json()["live"]
        assert (live["orders"], live["spend"]) == (1, 5.0)
    wrong = "/v1/snowplow/lk_no_key/com.snowplowanalytics.snowplow/tp2"
    assert served.client.post(wrong, json=payload(), headers=BARE).status_code == 401
    assert served.client.post("/v1/snowplow", json={"data": []}).json()["code"] == "bad_body"


def test_what_a_browser_sends_as_a_beacon_carries_its_key_in_the_body(served):
    plain = BARE | {"Content-Type": "text/plain"}
    call = bought("b1", "b1", order="b1") | {"writeKey": served.key}
    del call["type"]
    sent = served.client.post("/v1/t", content=json.dumps(call), headers=plain)
    assert (sent.status_code, sent.json()["accepted"]) == (200, 1)
    batch = {"batch": [bought("b1", "b2", order="b2")], "writeKey": served.key}
    sent = served.client.post("/v1/b", content=json.dumps(batch), headers=plain)
    assert (sent.status_code, sent.json()["accepted"]) == (200, 1)
    assert served.client.get("/v1/profiles/b1").json()["live"]["orders"] == 2
    for bad in ("nonsense", None, 5):
        answer = served.client.post("/v1/t", json=call | {"writeKey": bad}, headers=BARE)
        assert answer.status_code == 401
    reader = served.key_for("profile:read")["Authorization"].split()[1]
    answer = served.client.post("/v1/t", json=call | {"writeKey": reader}, headers=BARE)
    assert answer.status_code == 403
    assert served.client.post("/v1/m", content="{}", headers=plain).json() == {"success": True}


def test_every_short_address_is_the_long_one(served):
    for short, kind in {"p": "page", "s": "screen", "i": "identify", "g": "group"}.items():
        call = {"userId": f"short-{kind}", "messageId": short, "name": "Home", "groupId": "g"}
        answer = served.client.post(f"/v1/{short}", json=call | {"traits": {"age": 5}})
        assert answer.json()["success"], kind
    live = served.client.get("/v1/profiles/short-page").json()["live"]
    assert live["kinds"] == {"page_view": 1}
    answer = served.client.post("/v1/a", json={"userId": "u", "previousId": "v"})
    assert answer.json()["success"]


def test_a_key_in_a_body_is_kept_nowhere(served):
    bad = {"type": "track", "userId": "x", "writeKey": served.key}
    huge = {"type": "track", "event": "x" * 40_000, "userId": "x", "writeKey": served.key}
    served.client.post("/v1/b", json={"batch": [bad, huge, 5], "writeKey": served.key})
    served.client.post("/v1/t", json=bad, headers=BARE)
    rejects = served.client.get("/v1/ingest/rejects", params={"limit": 1000}).json()["rejects"]
    assert len(rejects) >= 3
    assert served.key not in json.dumps(rejects)
