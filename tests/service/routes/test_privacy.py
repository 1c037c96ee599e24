"""What customers ask over HTTP: access, erasure, consents; and what is taken down of it."""

import time

import pytest

from serving import a_server, bought


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    with a_server(folder, consent_for=("marketing",)) as found:
        yield found


def ask(served, kind, who, **more):
    body = {"type": kind, "customer_id": who} | more
    return served.client.post("/v1/privacy/requests", json=body)


def receipt(served, request):
    for _ in range(300):
        answer = served.client.get(f"/v1/privacy/requests/{request}/receipt")
        if answer.status_code == 200:
            return answer.json()
        assert answer.json()["code"] == "not_finished"
        time.sleep(0.05)
    pytest.fail("it was never finished")


def told(served, who, action):
    served.app.state.recorder.flush()
    return [each for each in served.app.state.recorder.audit.about(who) if each.action == action]


def test_access_tells_all_that_is_held(served):
    served.send(bought("a1", "am1", order="ao1"))
    served.send({"type": "track", "userId": "a1", "note": "refused"})
    served.profile("a1")
    asked = ask(served, "access", "a1")
    assert asked.status_code == 202
    answer = served.client.get(asked.headers["location"]).json()
    assert (answer["type"], answer["state"]) == ("access", "open")
    held = answer["export"]["database"]
    assert held["journal"][0]["order_id"] == "ao1"
    assert held["profiles"][0]["profile"]["customer_id"] == "a1"
    assert "refused" in held["rejects"][0]["row"]
    served.app.state.recorder.flush()
    held = served.client.get(asked.headers["location"]).json()["export"]["database"]
    assert {"profile.read", "privacy.access"} <= {row["action"] for row in held["audit"]}


def test_erasure_is_done_and_has_a_receipt(served):
    served.send(bought("e1", "em1", order="eo1"))
    served.profile("e1")
    access = ask(served, "access", "e1").json()["id"]
    asked = ask(served, "erase", "e1").json()
    assert asked["state"] == "running"
    got = receipt(served, asked["id"])
    assert got["counts"]["database/journal"] == 1
    assert "database/profiles" in got["searched"]
    assert {"audit", "suppressed.txt", "backups"} <= {each["store"] for each in got["kept"]}
    assert served.client.get("/v1/profiles/e1").status_code == 404
    sent = served.send(bought("e1", "em2", order="eo2")).json()
    assert (sent["accepted"], sent["rejected"][0]["reason"]) == (0, "erased")
    assert served.client.get(f"/v1/privacy/requests/{access}").json().get("export") is None
    refused = served.client.put("/v1/privacy/subjects/e1/consents", json={"risk": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "erased")
    back = ask(served, "erase", "e1", allow_return=True).json()["id"]
    assert receipt(served, back)["may_return"] is True
    assert served.send(bought("e1", "em3", order="eo3")).json()["accepted"] == 1


@pytest.mark.parametrize("body", [{}, [], {"type": "forget", "customer_id": "x"},
                                  {"type": "erase", "customer_id": ""},
                                  {"type": "erase", "customer_id": "\u0085 "},
                                  {"type": "erase", "customer_id": 1},
                                  {"type": "erase", "customer_id": "x", "allow_return": 1},
                                  {"type": "erase", "customer_id": "x" * 600}])  # fmt: skip
def test_what_cannot_be_asked_is_refused(served, body):
    assert served.client.post("/v1/privacy/requests", json=body).status_code == 400


def test_what_was_never_asked_is_not_there(served):
    answer = served.client.get("/v1/privacy/requests/e0123")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_request")
    assert served.client.get("/v1/privacy/requests/nonsense").status_code == 422
    access = ask(served, "access", "nobody").json()["id"]
    answer = served.client.get(f"/v1/privacy/requests/{access}/receipt")
    assert answer.status_code == 409


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize("purpose", ["service", "marketing"])
def test_the_matrix_of_consents(served, said, purpose):
    """``marketing`` needs a yes, ``service`` only the lack of a no; on every way to a profile."""
    who = f"c-{purpose}-{said}"
    served.send(bought(who, f"m-{who}", order=f"o-{who}"))
    address = f"/v1/privacy/subjects/{who}/consents"
    assert served.client.get(address).json() == {}
    if said is not None:
        assert served.client.put(address, json={purpose: said}).json() == {purpose: said}
    may = said is True or (said is None and purpose == "service")
    headers = {"X-Purpose": purpose}
    for path in ("", "/timeline", "/traits", "/predictions"):
        answer = served.client.get(f"/v1/profiles/{who}{path}", headers=headers)
        assert answer.status_code == (200 if may else 403), path
        if not may:
            assert answer.json()["code"] == "consent_denied"
    batch = served.client.post("/v1/profiles:batchGet", json={"ids": [who]}, headers=headers).json()
    assert [each["customer_id"] for each in batch["profiles"]] == [who] * may
    assert batch["denied"] == [who] * (not may)
    pages = served.client.get("/v1/profiles", params={"limit": 100}, headers=headers).json()
    assert (who in [each["customer_id"] for each in pages["profiles"]]) is may
    assert len(told(served, who, "profile.read")) == 6 * may
    assert len(told(served, who, "profile.denied")) == 6 * (not may)


def test_a_no_may_be_taken_back(served):
    address = "/v1/privacy/subjects/back/consents"
    served.client.put(address, json={"service": False})
    assert served.client.put(address, json={"service": None}).json() == {}
    for body in ([], {"curiosity": True}, {"service": "yes"}):
        assert served.client.put(address, json=body).status_code == 400


def test_a_reading_says_by_whom_and_for_what(served):
    served.send(bought("r1", "rm1"))
    key = served.key_for("profile:read") | {"X-Purpose": "risk"}
    served.client.get("/v1/profiles/r1", headers=key)
    (row,) = told(served, "r1", "profile.read")
    assert row.actor == key["Authorization"].split("_")[1]
    assert row.detail == "risk /v1/profiles/{customer_id}"
    assert "r1" not in (row.subject, row.detail)
    assert served.app.state.recorder.audit.verify().good
