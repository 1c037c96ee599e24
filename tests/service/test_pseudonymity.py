"""Pseudonyms at the door: no answer of any address tells an id, and either is understood."""

import json
import re
import time

import pytest

from limner.profiles.pseudonyms import PATTERN, Pseudonyms
from serving import PEPPER, a_server, bought

WHO = "canary-77 ü"
NAME = Pseudonyms(PEPPER).of(WHO)
MORE = "canary-78"


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("masked"), pseudonymise=True) as found:
        found.send(bought(WHO, "m1"), bought(MORE, "m2", order="o2"))
        found.send({"type": "track", "userId": WHO})  # refused, and kept
        seen = {"type": "identify", "userId": WHO, "anonymousId": "canary-of-a-visitor"}
        found.send(seen | {"messageId": "i1", "traits": {"email": "canary@shop.example"}})
        for name in (NAME, MORE):
            found.profile(name)
        yield found


def test_no_answer_of_any_operation_tells_an_id(masked):
    document = masked.client.get("/openapi.json").json()
    bodies = {
        "/v1/profiles:batchGet": {"ids": [NAME, WHO, "nobody"]},
        "/v1/score": {"ids": [NAME, MORE]},
        "/v1/recommendations": {"customer_id": NAME},
        "/v1/profiles:merge": {"id": NAME, "with": MORE},
        "/v1/profiles:unmerge": {"id": NAME, "from": MORE},
        "/v1/privacy/requests": {"type": "access", "customer_id": NAME},
    }
    asked = 0
    for path, methods in document["paths"].items():
        for method in methods:
            address = re.sub(r"\{customer_id\}", NAME, path)
            answer = masked.client.request(method, address, json=bodies.get(path, {}))
            told = answer.content.decode() + str(answer.headers)
            assert "canary" not in told, f"{method} {path}"
            asked += NAME in told
    assert asked >= 5


def test_a_profile_is_read_by_either_and_tells_the_pseudonym(masked):
    told = masked.client.get(f"/v1/profiles/{NAME}").json()
    assert told["customer_id"] == told["portrait"]["customer_id"] == NAME
    again = masked.client.get(f"/v1/profiles/{MORE}")
    assert again.json()["customer_id"] == Pseudonyms(PEPPER).of(MORE)
    assert int(again.headers["content-length"]) == len(again.content)
    head = masked.client.head(f"/v1/profiles/{NAME}")
    assert (head.status_code, head.content) == (200, b"")
    events = masked.client.get(f"/v1/profiles/{NAME}/timeline").json()["events"]
    assert "o1" in {each["order_id"] for each in events}


def test_pages_go_on_from_a_pseudonym(masked):
    first = masked.client.get("/v1/profiles", params={"limit": 1}).json()
    assert re.fullmatch(PATTERN, first["cursor"])
    found = {first["profiles"][0]["customer_id"]}
    more = {"limit": 5, "cursor": first["cursor"]}
    found |= {
        each["customer_id"]
        for each in masked.client.get("/v1/profiles", params=more).json()["profiles"]
    }
    assert found >= {NAME, Pseudonyms(PEPPER).of(MORE)}


def test_what_was_refused_and_what_is_held_is_told_without_ids(masked):
    rejects = masked.client.get("/v1/ingest/rejects").json()["rejects"]
    assert json.loads(rejects[0]["row"])["userId"] == NAME
    body = {"type": "access", "customer_id": WHO}
    asked = masked.client.post("/v1/privacy/requests", json=body).json()
    told = masked.client.get(f"/v1/privacy/requests/{asked['id']}").json()
    assert told["export"]["customer_id"] == NAME
    assert told["export"]["database"]["journal"]


def test_an_event_that_names_its_customer_so_is_theirs(masked):
    sent = masked.send(bought(NAME, "m9", order="o9")).json()
    assert sent["accepted"] == 1
    assert masked.client.get(f"/v1/profiles/{NAME}").json()["live"]["orders"] == 2
    assert masked.store.numbers_of([NAME]) == {}, "nobody is called by a pseudonym"


def test_who_was_erased_does_not_return_by_the_pseudonym(masked):
    masked.send(bought("canary-79", "n1"))
    name = Pseudonyms(PEPPER).of("canary-79")
    assert masked.client.get(f"/v1/profiles/{name}").status_code == 200
    body = {"type": "erase", "customer_id": name}
    asked = masked.client.post("/v1/privacy/requests", json=body).json()["id"]
    for _ in range(600):
        if masked.client.get(f"/v1/privacy/requests/{asked}").json()["state"] == "done":
            break
        time.sleep(0.05)
    assert masked.client.get(f"/v1/profiles/{name}").status_code == 404
    sent = masked.send(bought(name, "n2"))
    assert (sent.status_code, sent.json()["code"]) == (422, "unknown_pseudonym")
    assert masked.store.numbers_of([name]) == {}
    asked = masked.client.post("/v1/profiles:batchGet", json={"ids": [name, NAME]}).json()
    assert (asked["unknown"], asked["profiles"][0]["customer_id"]) == ([name], NAME)


def test_by_purpose(tmp_path):
    with a_server(tmp_path, pseudonymise=("analytics",), pseudonym_rotation=3) as served:
        served.send(bought(WHO, "m1"))
        name = Pseudonyms(PEPPER, rotation=3).of(WHO)
        for purpose, told in {"service": WHO, "analytics": name}.items():
            body = {"ids": [WHO]}
            answer = served.client.post(
                "/v1/profiles:batchGet", json=body, headers={"X-Purpose": purpose}
            )
            assert answer.json()["profiles"][0]["customer_id"] == told
        before = Pseudonyms(PEPPER, rotation=2).of(WHO)
        answer = served.client.get(f"/v1/profiles/{before}", headers={"X-Purpose": "analytics"})
        assert answer.json()["customer_id"] == name


def test_nothing_changes_without_the_setting(served):
    served.send(bought(NAME, "x1"))
    assert served.client.get(f"/v1/profiles/{NAME}").json()["customer_id"] == NAME
