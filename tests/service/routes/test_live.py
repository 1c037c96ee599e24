"""Profiles and events are told as they change, to whoever may know, until there is an end."""

import json
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from serving import a_server, bought


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    settings = {"stream_seconds": 30, "look_seconds": 0.02, "heartbeat_seconds": 0.1}
    with a_server(tmp_path_factory.mktemp("live"), streams_per_key=2, **settings) as found:
        yield found


def messages(lines):
    """Go through the messages of a stream, comments too."""
    told = {}
    for line in lines:
        if not line:
            if told:
                yield told
            told = {}
        else:
            name, _, value = line.partition(": ")
            told[name or "comment"] = value
    if told:
        yield told


@contextmanager
def listening(served, path, headers=(), **params):
    with served.client.stream("GET", f"/v1/{path}", headers=dict(headers), params=params) as answer:
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def next_of(found, event):
    return next(each for each in found if each.get("event") == event)


def until_drawn(found, token=""):
    """The next portrait that is drawn; with ``token`` (of a sending), the next that knows of it.

    Others may come between: as the shop grows, everybody is drawn anew without an own event.
    """
    drawn = (each for each in found if each.get("event") == "profile" and "id" in each)
    return next(each for each in drawn if not token or each["id"].partition("-")[0] == token)


def test_a_profile_is_told_at_once_and_whenever_it_is_renewed(served):
    token = served.send(bought("ann", "a1", order="a1")).json()["consistency_token"]
    with listening(served, "profiles/ann/stream") as found:
        first = until_drawn(found, token)
        whole = json.loads(first["data"])
        assert (whole["type"], whole["specversion"]) == ("limner.profile.updated.v1", "1.0")
        assert whole["subject"] == "ann"
        assert whole["data"]["live"]["orders"] == 1
        assert whole["data"]["freshness"]["stale"] is False
        served.send(bought("ben", "b1", order="b1"))
        token = served.send(bought("ann", "a2", order="a2")).json()["consistency_token"]
        told = until_drawn(found, token)
        assert json.loads(told["data"])["id"] == told["id"]
        assert json.loads(told["data"])["data"]["live"]["orders"] == 2


def test_whoever_comes_back_is_told_only_what_is_new(served):
    served.send(bought("cid", "c1", order="c1"))
    with listening(served, "profiles/cid/stream") as found:
        last = until_drawn(found)["id"]
    with listening(served, "profiles/cid/stream", {"Last-Event-ID": last}) as found:
        assert "retry" in next(found)
        for each in found:  # drawn anew, since the shop has grown, it may be told once more
            if each == {"comment": "beat"}:
                break
            assert each.get("id") != last
            assert json.loads(each["data"])["data"]["live"]["orders"] == 1
    served.send(bought("cid", "c2", order="c2"))
    with listening(served, "profiles/cid/stream", {"Last-Event-ID": last}) as found:
        assert json.loads(next_of(found, "profile")["data"])["data"]["live"]["orders"] == 2


def test_a_portrait_drawn_anew_without_an_event_is_told_too(served):
    served.send(bought("cay", "y1", order="y1"))
    with listening(served, "profiles/cay/stream") as found:
        first = until_drawn(found)["id"]
        served.store.mark_all_stale()
        again = until_drawn(found)["id"]
        assert again != first
        assert again.partition("-")[0] == first.partition("-")[0]
    with listening(served, "profiles/cay/stream", {"Last-Event-ID": first}) as found:
        assert until_drawn(found)["id"] != first


def test_consent_is_held_at_every_message(served):
    served.send(bought("dan", "d1", order="d1"))
    with listening(served, "profiles/dan/stream") as found:
        next_of(found, "profile")
        served.client.put("/v1/privacy/subjects/dan/consents", json={"service": False})
        assert json.loads(next_of(found, "end")["data"]) == {"reason": "consent_denied"}
        assert next(found, None) is None
    assert served.client.get("/v1/profiles/dan/stream").status_code == 403


def test_a_key_that_is_revoked_hears_nothing_more(served):
    served.send(bought("eve", "e1", order="e1"))
    key = served.key_for("profile:read", purposes=["service"])
    wrong = served.client.get("/v1/profiles/eve/stream", headers=key | {"X-Purpose": "risk"})
    assert wrong.status_code == 403
    with listening(served, "profiles/eve/stream", key) as found:
        next_of(found, "profile")
        served.store.revoke_key(key["Authorization"].split("_")[1], at_us=1)
        assert json.loads(next_of(found, "end")["data"]) == {"reason": "unknown_key"}


def test_a_customer_who_is_erased_is_told_of_no_more(served):
    served.send(bought("fay", "f1", order="f1"))
    with listening(served, "profiles/fay/stream") as found:
        next_of(found, "profile")
        served.client.post("/v1/privacy/requests", json={"type": "erase", "customer_id": "fay"})
        assert json.loads(next_of(found, "end")["data"]) == {"reason": "unknown_customer"}
    assert served.client.get("/v1/profiles/fay/stream").status_code == 404


def test_a_key_holds_so_many_streams_and_gives_them_back(served):
    served.send(bought("gil", "g1", order="g1"))
    key = served.key_for("profile:read")
    with listening(served, "profiles/gil/stream", key), listening(served, "events/live", key):
        refused = served.client.get("/v1/events/live", headers=key)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        assert "Retry-After" in refused.headers
    for _ in range(200):
        if not served.app.state.listeners.open:
            break
        time.sleep(0.02)
    assert served.app.state.listeners.open == 0
    with listening(served, "events/live", key):
        pass


def test_events_are_told_as_they_come_and_only_of_whom_it_may(served):
    served.send(bought("hal", "h0", order="h0"))
    served.client.put("/v1/privacy/subjects/ida/consents", json={"service": False})
    with listening(served, "events/live", kind="purchase") as found:
        assert "retry" in next(found)
        served.send(bought("ida", "i1", order="i1"))
        sent = served.send(bought("hal", "h1", order="h1")).json()
        told = next_of(found, "event")
        whole = json.loads(told["data"])
        assert told["id"] == whole["id"] == sent["consistency_token"]
        assert whole["type"] == "limner.event.accepted.v1"
        assert whole["data"]["customer_id"] == "hal"
        assert whole["data"]["event"]["order_id"] == "h1"
    before = str(int(sent["consistency_token"]) - 1)
    with listening(served, "events/live", {"Last-Event-ID": before}) as found:
        assert next_of(found, "event")["id"] == sent["consistency_token"]
    served.app.state.recorder.flush()
    read = [row.action for row in served.app.state.parts.eraser.book.audit.about("hal")]
    assert "profile.read" in read


def test_who_was_away_too_long_is_told_so(served, monkeypatch):
    from limner.service.routes import live

    monkeypatch.setattr(live, "_BEHIND", 1)
    served.send(bought("jay", "j1", order="j1"))
    token = int(served.send(bought("jay", "j2", order="j2")).json()["consistency_token"])
    with listening(served, "events/live", {"Last-Event-ID": "0"}) as found:
        assert json.loads(next_of(found, "skipped")["data"]) == {"to": token - 1}
        assert next_of(found, "event")["id"] == str(token)


def test_what_is_no_number_is_no_id(served):
    answer = served.client.get("/v1/events/live", headers={"Last-Event-ID": "x"})
    assert answer.status_code == 422


def test_streams_end_when_the_service_stops(tmp_path):
    reasons = []
    with a_server(tmp_path, stream_seconds=600, look_seconds=0.02) as served:
        served.send(bought())
        begun = threading.Event()

        def listen():
            with (
                httpx.Client(
                    base_url=served.client.base_url, headers=served.client.headers, timeout=30
                ) as own,
                own.stream("GET", "/v1/profiles/ann/stream") as answer,
            ):
                for each in messages(answer.iter_lines()):
                    begun.set()
                    if each.get("event") == "end":
                        reasons.append(json.loads(each["data"])["reason"])

        listener = threading.Thread(target=listen)
        listener.start()
        assert begun.wait(20)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 15
    listener.join(20)
    assert reasons == ["stopping"]
