"""The service as trackers and applications meet it, over real HTTP."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.service.guard import scope_of
from limner.service.keys import SCOPES
from serving import a_server, bought


def operations(served):
    document = served.client.get("/openapi.json").json()
    return [
        (method, path, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def test_a_purchase_is_in_the_profile_that_is_read_next(served):
    sent = served.send(bought("u42", "n1", order="n1")).json()
    assert (sent["success"], sent["accepted"]) == (True, 1)
    token = sent["consistency_token"]
    told = served.client.get("/v1/profiles/u42", params={"consistency_token": token}).json()
    assert told["live"]["orders"] == 1
    assert told["live"]["spend"] == 5.0
    told = served.profile("u42")
    assert told["freshness"]["stale"] is False
    traits = {each["name"]: each["value"] for each in told["portrait"]["traits"]}
    assert traits["spend"] == 5.0
    assert told["portrait"]["items"][0]["name"] == "Tea"


def test_what_came_without_being_asked_for_is_drawn_soon(served):
    served.send(bought("u43", "n2", order="n2"))
    for _ in range(600):
        told = served.client.get("/v1/profiles/u43").json()
        if told["portrait"] is not None and not told["freshness"]["stale"]:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the portrait was never drawn")
    assert served.client.get("/v1/profiles/u43/traits").json()


def test_every_route_says_who_may_ask(served):
    for method, path, told in operations(served):
        scope = scope_of(told)
        assert scope in {*SCOPES, "public"}, f"{method} {path}"


def test_nobody_passes_without_a_key_that_is_for_it(served):
    """The matrix of every operation and every scope, made from the OpenAPI document."""
    keys = {scope: served.key_for(scope) for scope in SCOPES}
    for method, path, told in operations(served):
        scope = scope_of(told)
        if scope == "public":
            continue
        address = re.sub(r"\{[^}]*\}", "nobody", path)

        def ask(headers, method=method, address=address):
            bare = {"Authorization": "", "X-Purpose": "service", **headers}
            return served.client.request(method, address, headers=bare).status_code

        assert ask({}) == 401, path
        assert ask({"Authorization": "Bearer lk_no_key"}) == 401, path
        assert ask({"X-API-Key": "nonsense"}) == 401, path
        for other, key in keys.items():
            if other == scope:
                assert ask(key) not in {401, 403}, path
            else:
                assert ask(key) == 403, path


def test_whatever_tells_of_people_asks_what_for_and_heeds_it(served):
    """The matrix of every operation that reads profiles and of purposes, from the document."""
    asked = 0
    for method, path, told in operations(served):
        names = {each["name"].lower() for each in told.get("parameters", ())}
        if "x-purpose" not in names:
            continue
        asked += 1
        bound = served.key_for(scope_of(told), purposes=("analytics",))
        address = re.sub(r"\{[^}]*\}", "nobody", path)
        for purpose, code in (("", "purpose_missing"), ("marketing", "purpose_denied")):
            headers = bound | {"X-Purpose": purpose}
            answer = served.client.request(method, address, headers=headers)
            assert answer.json()["code"] == code, f"{method} {path}"
    assert asked > 12


def test_a_write_key_may_come_as_segments_libraries_send_it(served):
    answer = served.client.post(
        "/v1/track", json=bought("u44", "n3"), auth=(served.key, ""), headers={"Authorization": ""}
    )
    # httpx sets the header of auth last, as libraries do
    assert answer.status_code == 200


def test_ga4_gives_its_key_in_the_address(served):
    item = {"item_id": "tea", "price": 2, "quantity": 1}
    event = {"name": "purchase", "params": {"transaction_id": "g1", "items": [item]}}
    body = {"client_id": "ga1", "events": [event]}
    bare = {"Authorization": ""}
    address = "/v1/ga4/collect"
    params = {"measurement_id": "G-1", "api_secret": served.key}
    assert served.client.post(address, params=params, json=body, headers=bare).status_code == 200
    wrong = params | {"api_secret": "nonsense"}
    assert served.client.post(address, params=wrong, json=body, headers=bare).status_code == 401
    answer = served.client.post("/v1/track", params=params, json=bought(), headers=bare)
    assert answer.status_code == 401, "only there"


def test_a_reading_says_what_it_is_for(served):
    served.send(bought("u45", "n4"))
    for purpose in ("", "curiosity"):
        answer = served.client.get("/v1/profiles/u45", headers={"X-Purpose": purpose})
        assert (answer.status_code, answer.json()["code"]) == (400, "purpose_missing")
    bound = served.key_for("profile:read", purposes=("risk",))
    answer = served.client.get("/v1/profiles/u45", headers=bound)
    assert (answer.status_code, answer.json()["code"]) == (403, "purpose_denied")
    answer = served.client.get("/v1/profiles/u45", headers=bound | {"X-Purpose": "risk"})
    assert answer.status_code == 200


def test_what_did_not_change_is_not_sent_again(served):
    served.send(bought("u46", "n5"))
    served.settle()
    first = served.client.get("/v1/profiles/u46")
    again = served.client.get("/v1/profiles/u46", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    tag = first.headers["etag"]
    for told in (f"W/{tag}", f'"other", {tag}', f'"a" ,W/{tag},"b"', "*"):
        again = served.client.get("/v1/profiles/u46", headers={"If-None-Match": told})
        assert (again.status_code, again.content) == (304, b""), told
    for told in ('"other"', 'W/"other"', tag.strip('"'), ""):
        again = served.client.get("/v1/profiles/u46", headers={"If-None-Match": told})
        assert again.status_code == 200, told
    served.send(bought("u46", "n6", order="n6"))
    again = served.client.get("/v1/profiles/u46", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200


def test_problems_are_told_as_the_standard_says(served):
    answer = served.client.get("/v1/profiles/nobody-at-all")
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["code"]) == (404, "unknown_customer")
    assert served.client.get("/nowhere").json()["code"] == "not_found"
    assert served.client.get("/v1/profiles/a/timeline?limit=0").json()["code"] == "invalid"
    answer = served.client.get("/v1/profiles/a", params={"consistency_token": "999999999"})
    assert answer.status_code in {404, 409}


def test_pages_of_profiles_and_events(served):
    for at in range(5):
        served.send(bought(f"v{at}", f"p{at}", order=f"p{at}"))
    first = served.client.get("/v1/profiles", params={"limit": 2, "cursor": "v"}).json()
    assert [each["customer_id"] for each in first["profiles"]] == ["v0", "v1"]
    assert first["cursor"] == "v1"
    batch = served.client.post("/v1/profiles:batchGet", json={"ids": ["v3", "no", "v0"]}).json()
    assert [each["customer_id"] for each in batch["profiles"]] == ["v0", "v3"]
    assert batch["unknown"] == ["no"]
    told = served.client.get("/v1/profiles/v3/timeline").json()
    assert told["events"][0]["order_id"] == "p3"
    assert told["cursor"] is None
    bad = served.client.post("/v1/profiles:batchGet", json={"ids": [1]})
    assert bad.status_code == 400


def test_items_are_named_as_they_were_last_told(served):
    item = {"item_id": "mug", "title": "Mug", "price": 4, "brand": "Alp"}
    assert served.client.post("/v1/items", json=[item]).status_code == 200
    rows = {row["item_id"]: row for row in served.store.catalogue().rows(named=True)}
    assert (rows["mug"]["title"], rows["mug"]["price"]) == ("Mug", 4.0)


@pytest.mark.parametrize(
    "bad",
    [
        *({"title": "no id"}, {"item_id": ""}, {"item_id": " \t\u2003"}, {"item_id": "\0"}, "mug"),
        *({"item_id": True}, {"item_id": ["mug"]}, {"item_id": None}, {"item_id": 1.5}),
        *(
            {"item_id": "a\0b"},
            {"item_id": "x" * 513},
            {"item_id": 2**60},
            {"item_id": "mug", "brand": 5},
        ),
        *({"item_id": "mug", "price": bad} for bad in (-1, "4,5", "many", True, [4])),
        *({"item_id": "mug", "title": bad} for bad in (["Mug"], {"en": "Mug"}, True)),
    ],
)
def test_an_item_that_cannot_be_kept_is_refused_and_named_by_its_place(served, bad):
    before = served.store.catalogue().height
    told = served.client.post("/v1/items", json=[{"item_id": "cup"}, bad])
    assert (told.status_code, told.json()["code"]) == (400, "bad_body")
    assert "item 1 must" in told.json()["detail"]
    assert served.store.catalogue().height == before


def test_an_item_is_kept_as_it_is_told(served):
    good = {"item_id": 7.0, "title": "Bo\0wl", "price": "4.50", "category": None}
    told = served.client.post("/v1/items", json={"items": [good]}).json()
    assert (told["success"], told["accepted"], told["told"]) == (True, 0, 1)
    rows = {row["item_id"]: row for row in served.store.catalogue().rows(named=True)}
    assert (rows["7"]["title"], rows["7"]["price"], rows["7"]["category"]) == ("Bowl", 4.5, None)


def test_the_operator_sees_how_it_does(served):
    served.send({"type": "track", "userId": "x"})
    stats = served.client.get("/v1/ingest/stats").json()
    assert stats["rejects"] >= 1
    rejects = served.client.get("/v1/ingest/rejects").json()["rejects"]
    assert "kind_missing" in {each["reason"] for each in rejects}
    assert json.loads(rejects[-1]["row"])["userId"]
    assert served.client.get("/livez").json()["status"] == "alive"
    assert served.client.get("/readyz").json() == {"status": "ready", "degraded": []}
    assert "limner_events_accepted_total" in served.client.get("/metrics").text


def test_what_was_refused_is_replayed_and_taken_once_it_is_right(tmp_path):
    with a_server(tmp_path) as served:
        coming = bought("u50", "n9", timestamp="2999-01-01T00:00:00Z")
        assert served.send(coming).json()["rejected"][0]["reason"] == "time_in_future"
        path = "/v1/ingest/rejects:replay"
        told = served.client.post(path).json()
        assert told == {"taken": 0, "accepted": 0, "duplicates": 0, "refused": 1, "cursor": None}
        parts = served.app.state.parts
        later = replace(parts, clock=lambda: datetime(3000, 1, 1, tzinfo=UTC))
        served.app.state.parts = later
        assert served.client.post(path, params={"limit": 1}).json()["accepted"] == 1
        assert served.client.get("/v1/ingest/rejects").json()["rejects"] == []
        served.app.state.parts = parts
        assert served.client.get("/v1/profiles/u50").json()["live"]["orders"] == 1


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path):
    with a_server(tmp_path, requests_per_second=0.1, burst=3) as served:
        codes = [served.client.get("/v1/ingest/stats").status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        answer = served.client.get("/v1/ingest/stats")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "too_many_requests"


def test_a_revoked_key_is_refused(served):
    headers = served.key_for("ingest")
    secret = headers["Authorization"].split()[1]
    assert served.client.post("/v1/track", json=bought(), headers=headers).status_code == 200
    served.store.revoke_key(secret.split("_")[1], at_us=1)
    served.app.state.keyring._known.clear()
    assert served.client.post("/v1/track", json=bought(), headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("track", {"type": "track", "event": "x", "userId": "\0"}),
        ("track", {"type": "track", "event": "x", "anonymousId": " \0"}),
        ("track", {"type": "track", "event": "x", "userId": "a\0b"}),
        ("identify", {"type": "identify", "userId": "\0 \0", "traits": {"city": "Bern"}}),
        ("events", {"customer_id": "\0", "kind": "view"}),
        ("events", {"customer_id": "nul", "kind": "\0"}),
    ],
)
def test_nul_is_nobody_and_nothing(served, path, event):
    before = set(served.store.numbers())
    told = served.client.post(f"/v1/{path}", json=event).json()
    assert (told["accepted"], told["told"]) == (0, 0)
    (bad,) = told["rejected"]
    assert bad["reason"] in {"bad_id", "kind_missing"}
    assert set(served.store.numbers()) == before
