"""Profiles of the past over HTTP: what was known then, and nothing that lay ahead."""

from datetime import UTC, datetime, timedelta

import pytest

from serving import bought

WHEN = datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_what_came_late_is_told_only_from_when_it_came(served):
    sent = served.send(bought("past", "p1", order="p1")).json()
    token = sent["consistency_token"]
    served.profile("past")
    moment = (datetime.now(UTC)).isoformat()
    served.send(bought("past", "p2", order="p2"))
    told = served.client.get("/v1/profiles/past", params={"as_of": moment}).json()
    assert told["live"]["orders"] == 1
    assert told["freshness"] == {
        "token": token,
        "changed_at": told["freshness"]["changed_at"],
        "stale": False,
    }
    assert datetime.fromisoformat(told["as_of"]) == datetime.fromisoformat(moment)
    assert datetime.fromisoformat(told["computed_at"]) > datetime.fromisoformat(moment)
    assert told["known_at"] == told["as_of"]
    assert told["degraded"] == []
    assert told["portrait"]["as_of"] == told["as_of"]
    then = {"as_of": "2026-05-02T00:00:00Z"}
    refused = served.client.get("/v1/profiles/past", params=then)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_customer")
    told = served.client.get("/v1/profiles/past", params=then | {"known_at": moment}).json()
    assert told["live"]["orders"] == 1
    now = served.client.get("/v1/profiles/past").json()
    assert now["live"]["orders"] == 2
    assert "computed_at" not in now


@pytest.mark.parametrize("name", ["traits", "predictions"])
def test_parts_of_the_past_say_what_they_rest_on(served, name):
    served.send(bought("past2", "q1", order="q1"))
    served.profile("past2")
    moment = datetime.now(UTC).isoformat()
    told = served.client.get(f"/v1/profiles/past2/{name}", params={"as_of": moment}).json()
    assert set(told) == {"as_of", "computed_at", "known_at", "degraded", name}
    assert bool(told[name]) is (name == "traits")


def test_what_models_foretold_is_missing_and_said_to_be(served):
    from dataclasses import replace

    from limner.profiles.live import Drawn
    from limner.profiles.record import Prediction, Profile

    served.send(bought("past3", "r1", order="r1"))
    served.profile("past3")
    store = served.store
    page = store.page("past3")
    answer = Prediction("churn", "whether", 30, "probability", 0.5, "v1")
    foretold = replace(Profile.from_json(page.portrait), predictions=(answer,))
    for _ in range(20):  # somebody who is being drawn at this moment may come after
        store.put_portraits(Drawn([foretold], {"past3": page.seq}))
        moment = datetime.now(UTC).isoformat()
        told = served.client.get("/v1/profiles/past3", params={"as_of": moment}).json()
        if told["degraded"]:
            break
    assert told["degraded"] == ["predictions"]
    assert "predictions" not in told["portrait"]


@pytest.mark.parametrize(
    "asked",
    [
        {"as_of": "yesterday"},
        {"as_of": "2026-05-01T00:00:00"},
        {"as_of": "0001-01-01T00:00:00+14:00"},
        {"known_at": "then"},
    ],
)
def test_what_is_no_earlier_moment_is_refused(served, asked):
    served.send(bought("past4", "s1", order="s1"))
    for path in ("", "/traits"):
        refused = served.client.get(f"/v1/profiles/past4{path}", params=asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    ahead = served.client.get("/v1/profiles/past4", params={"as_of": "9998-01-01T00:00:00Z"})
    assert (ahead.status_code, ahead.json()["code"]) == (409, "lies_ahead")
    long_ago = {"known_at": "1960-01-01T00:00:00Z"}
    assert served.client.get("/v1/profiles/past4", params=long_ago).status_code == 404


def test_consent_of_today_is_held_for_yesterday(served):
    served.send(bought("past5", "t1", order="t1"))
    served.client.put("/v1/privacy/subjects/past5/consents", json={"service": False})
    moment = datetime.now(UTC).isoformat()
    asked = {"as_of": moment}
    assert served.client.get("/v1/profiles/past5", params=asked).status_code == 403
    assert served.client.get("/v1/profiles/past5/traits/orders/history").status_code == 403


def test_a_trait_has_a_history(tmp_path):
    from serving import a_server

    present = WHEN + timedelta(days=20)
    with a_server(tmp_path, present=present, clock="log") as served:
        for at in range(3):
            when = (WHEN + timedelta(days=7 * at)).isoformat()
            served.send(bought("ann", f"h{at}", order=f"h{at}", timestamp=when))
        path = "/v1/profiles/ann/traits/orders/history"
        told = served.client.get(path, params={"days": 7, "points": 4}).json()
        assert [each["value"] for each in told["points"]] == [1, 2, 3]
        assert told["as_of"] == "2026-05-16T00:00:00Z"
        assert told["points"][0] == {"as_of": "2026-05-02T00:00:00Z", "value": 1, "unit": "orders"}
        refused = served.client.get("/v1/profiles/ann/traits/luck/history")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_trait")
        assert "orders" in refused.json()["hint"]


def test_only_so_many_ask_for_the_past_at_once(served, monkeypatch):
    served.send(bought("past6", "u1", order="u1"))
    monkeypatch.setattr(served.app.state.turns, "most", 0)
    refused = served.client.get(
        "/v1/profiles/past6", params={"as_of": datetime.now(UTC).isoformat()}
    )
    assert refused.status_code == 503, refused.text
    assert refused.json()["code"] == "busy"
    assert refused.headers["Retry-After"] == "1"
    assert served.client.get("/v1/profiles/past6/traits/orders/history").status_code == 503
    assert served.client.get("/v1/profiles/past6").status_code == 200
