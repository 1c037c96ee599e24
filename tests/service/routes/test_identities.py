"""Who is who over HTTP: merged by evidence and by hand, explained, taken apart again."""

import time

import pytest

from limner.profiles.database.audit import AuditLog
from serving import PEPPER, a_server, bought


def identify(visitor, user, message, **more):
    call = {"type": "identify", "anonymousId": visitor, "userId": user, "messageId": message}
    return call | {"timestamp": "2026-05-02T10:00:00Z", "traits": {}} | more


def visited(visitor, message, **more):
    return bought(None, message, anonymousId=visitor, **more)


def names(answer):
    return [f"{each['type']}:{each['value']}" for each in answer]


def test_a_visitor_who_identifies_is_one_person_under_each_id(served):
    served.send(visited("a1", "i1"), bought("u1", "i2", order="o2"))
    before = served.client.get("/v1/profiles/a1")
    call = identify("a1", "u1", "i3", traits={"email": "Ann@Shop.example"})
    answer = served.send(call).json()
    assert (answer["accepted"], answer["told"]) == (0, 1)
    served.settle()
    after, same = (served.client.get(f"/v1/profiles/{who}") for who in ("a1", "u1"))
    one, other = after.json(), same.json()
    assert one["customer_id"] == other["customer_id"] == "u1"
    assert one["identities"] == ["a1", "u1"]
    assert one["live"] == other["live"]
    assert one["live"]["orders"] == 2
    assert one["portrait"] == other["portrait"]
    assert one["portrait"]["customer_id"] == "u1"
    assert before.headers["etag"] != after.headers["etag"] == same.headers["etag"]
    found = served.profile("email:ann@shop.example")
    assert found["customer_id"] == "u1"
    many = served.client.post("/v1/profiles:batchGet", json={"ids": ["a1", "u1", "zz"]}).json()
    assert [each["customer_id"] for each in many["profiles"]] == ["u1"]
    assert many["unknown"] == ["zz"]
    events = served.client.get("/v1/profiles/a1/timeline").json()["events"]
    assert {each["customer_id"] for each in events} == {"a1", "u1"}


def test_the_acknowledgement_of_a_merge_is_a_token_that_sees_it(served):
    served.send(visited("t1", "t1"), bought("t2", "t2"))
    token = served.send(identify("t1", "t2", "t3")).json()["consistency_token"]
    asked = {"consistency_token": token}
    answer = served.client.get("/v1/profiles/t1", params=asked).json()
    assert answer["identities"] == ["t1", "t2"]
    assert int(answer["freshness"]["token"]) >= int(token)


def test_a_merge_explains_itself(served):
    served.send(
        visited("b1", "b1"),
        identify("b1", "v1", "b2", context={"device": {"id": "d9"}}),
        identify("b2", "v2", "b3", context={"device": {"id": "d9"}}),
        identify("null", "v1", "b4"),
    )
    answer = served.client.get("/v1/profiles/b1/identities")
    assert answer.status_code == 200
    told = answer.json()
    assert told["customer_id"] == "v1"
    assert names(told["identities"]) == ["anonymous_id:b1", "user_id:v1"]
    why = {tuple(names(each["between"])): each["reason"] for each in told["links"]}
    assert why[("anonymous_id:b1", "user_id:v1")] is None
    assert why[("device:d9", "user_id:v1")] == "several_known_users"
    assert why[("anonymous_id:null", "user_id:v1")] == "blocked_value"
    (joined,) = told["merges"]
    assert (joined["what"], joined["rule"], joined["by"]) == ("joined", "identify", "b2")
    blocked = {f"{each['type']}:{each['value']}": each["reason"] for each in told["blocked"]}
    assert blocked == {
        "device:d9": "several_known_users",
        "anonymous_id:null": "blocked_value",
    }
    assert served.client.get("/v1/profiles/nobody/identities").status_code == 404


def test_an_undo_stays_undone_and_is_taken_down(served):
    served.send(visited("c1", "c1"), bought("w1", "c2", order="o2"), identify("c1", "w1", "c3"))
    assert served.profile("c1")["customer_id"] == "w1"
    gone = served.client.post("/v1/profiles:unmerge", json={"id": "c1", "from": "w1"})
    assert gone.status_code == 200
    assert gone.json() == {"customer_ids": ["c1", "w1"], "undone": [["id:c1", "id:w1"]]}
    served.send(identify("c1", "w1", "c4"), visited("c1", "c5", userId="w1"))
    assert served.profile("c1")["identities"] == ["c1"]
    assert served.profile("c1")["live"]["orders"] == 1
    again = served.client.post("/v1/profiles:unmerge", json={"id": "c1", "from": "w1"})
    assert (again.status_code, again.json()["code"]) == (409, "cannot_decide")
    merged = served.client.post("/v1/profiles:merge", json={"id": "c1", "with": "w1"})
    assert merged.json() == {"customer_id": "w1", "identities": ["c1", "w1"]}
    steps = served.client.get("/v1/profiles/w1/identities").json()["merges"]
    assert [each["rule"] for each in steps if each["what"] == "decided"] == ["unmerge", "merge"]
    audit = AuditLog(served.store.engine, PEPPER)
    for who in ("c1", "w1"):
        done = [row.action for row in audit.about(who) if row.action.startswith("identity")]
        assert done == ["identity.unmerge", "identity.merge"]


@pytest.mark.parametrize("body", [[], {"id": "a"}, {"id": 1, "with": "b"}, {"id": "", "with": "b"}])
def test_a_body_that_names_no_two_ids_is_refused(served, body):
    assert served.client.post("/v1/profiles:merge", json=body).status_code == 400


def test_who_is_not_known_or_means_nobody_is_not_merged(served):
    served.send(bought("x1", "x1"), bought("unknown", "x2"))
    ask = served.client.post
    assert ask("/v1/profiles:merge", json={"id": "x1", "with": "nobody"}).status_code == 404
    assert ask("/v1/profiles:merge", json={"id": "x1", "with": "x1"}).status_code == 409
    assert ask("/v1/profiles:merge", json={"id": "x1", "with": "unknown"}).status_code == 409
    reading = served.key_for("profile:read")
    refused = ask("/v1/profiles:merge", json={"id": "x1", "with": "x1"}, headers=reading)
    assert refused.status_code == 403


def test_a_refusal_under_one_id_holds_for_the_person(tmp_path):
    with a_server(tmp_path) as served:
        served.send(visited("a1", "m1"), bought("u1", "m2"), identify("a1", "u1", "m3"))
        served.client.put("/v1/privacy/subjects/u1/consents", json={"marketing": True})
        served.client.put("/v1/privacy/subjects/a1/consents", json={"marketing": False})
        for who in ("a1", "u1", "user_id:u1"):
            headers = {"X-Purpose": "marketing"}
            for path in ("", "/timeline", "/traits", "/identities"):
                asked = served.client.get(f"/v1/profiles/{who}{path}", headers=headers)
                assert asked.status_code == 403, (who, path)
            body = {"ids": [who]}
            many = served.client.post("/v1/profiles:batchGet", json=body, headers=headers)
            assert many.json()["profiles"] == []
            said = served.client.get(f"/v1/privacy/subjects/{who}/consents").json()
            assert said == {"marketing": False}


def test_an_erasure_takes_all_ids_and_links_of_the_person(tmp_path):
    with a_server(tmp_path) as served:
        served.send(visited("a1", "m1"), bought("u1", "m2"), bought("u2", "m4"))
        shared = {"context": {"device": {"id": "till"}}}
        served.send(identify("a1", "u1", "m3", **shared, traits={"email": "ann@shop.example"}))
        served.send(identify("a2", "u2", "m5", **shared))
        served.profile("u1")
        body = {"type": "erase", "customer_id": "a1"}
        asked = served.client.post("/v1/privacy/requests", json=body).json()["id"]
        for _ in range(400):
            done = served.client.get(f"/v1/privacy/requests/{asked}/receipt")
            if done.status_code == 200 and not served.app.state.parts.eraser.book.unfinished():
                break
            time.sleep(0.05)
        receipt = done.json()
        assert len(receipt["together_with"]) == 2
        assert receipt["counts"]["database/links"]
        for who in ("a1", "u1", "email:ann@shop.example"):
            assert served.client.get(f"/v1/profiles/{who}").status_code == 404
        back = served.send(visited("a1", "m6"), bought("u1", "m7"), identify("a1", "u9", "m8"))
        assert [each["reason"] for each in back.json()["rejected"]] == ["erased", "erased"]
        assert served.client.get("/v1/profiles/u9").status_code == 404
        evidence = served.store.identities.evidence()
        assert {"ann@shop.example", "a1", "u1"}.isdisjoint(
            {name.partition(":")[2] for column in "ab" for name in evidence[column]}
        )
        # what two shared does not become the other's now
        told = served.client.get("/v1/profiles/u2/identities").json()
        assert names(told["identities"]) == ["anonymous_id:a2", "user_id:u2"]
