"""Profiles by what is known of them, and in which segments somebody is."""

import pytest

from serving import a_server, bought

MANY = {"field": "live.orders", "op": "ge", "value": 2}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("search")) as found:
        for who, orders in (("ann", 3), ("ben", 1), ("cat", 2)):
            found.send(*(bought(who, f"{who}{at}", order=f"{who}{at}") for at in range(orders)))
        for who in ("ann", "ben", "cat"):
            found.profile(who)
        yield found


def test_profiles_are_found_by_what_is_known_of_them(served):
    def ask(**more):
        return served.client.post("/v1/profiles:search", json={"rule": MANY} | more).json()

    told = ask(limit=1)
    assert [each["customer_id"] for each in told["profiles"]] == ["ann"]
    assert told["profiles"][0]["live"]["orders"] == 3
    rest = [each["customer_id"] for each in ask(cursor=told["cursor"])["profiles"]]
    assert rest[0] == "cat"
    assert "ben" not in rest
    assert ask(cursor="zed") == {"rule": MANY, "profiles": [], "cursor": None}
    refused = served.client.post("/v1/profiles:search", json={"rule": MANY, "limit": 0})
    assert refused.status_code == 422


def test_an_event_that_was_acknowledged_is_found_at_once(served):
    served.send(*(bought("eve", f"eve{at}", order=f"eve{at}") for at in range(4)))
    rule = {"field": "live.orders", "op": "eq", "value": 4}
    told = served.client.post("/v1/profiles:search", json={"rule": rule}).json()
    assert [each["customer_id"] for each in told["profiles"]] == ["eve"]


def test_whoever_said_no_is_neither_found_nor_told_of(served):
    served.client.put("/v1/privacy/subjects/cat/consents", json={"risk": False}).raise_for_status()
    risk = {"X-Purpose": "risk"}
    told = served.client.post("/v1/profiles:search", json={"rule": MANY}, headers=risk).json()
    assert "cat" not in {each["customer_id"] for each in told["profiles"]}
    assert served.client.get("/v1/profiles/cat/segments", headers=risk).status_code == 403
    assert served.client.get("/v1/profiles/cat/segments").status_code == 200


def test_in_which_segments_somebody_is(served):
    body = {"id": "many", "name": "Many", "rule": MANY}
    served.client.post("/v1/segments", json=body).raise_for_status()
    told = {
        who: served.client.get(f"/v1/profiles/{who}/segments").json()["segments"]
        for who in ("ann", "ben")
    }
    assert {"id": "many", "name": "Many", "version": 1} in told["ann"]
    assert "many" not in {each["id"] for each in told["ben"]}
    for found in told.values():
        names = [each["id"] for each in found]
        assert sum(each.startswith("rfm.") for each in names) == 1
        assert sum(each.startswith("stage.") for each in names) == 1
