"""Segments over HTTP: made, estimated, listed and explained, and kept from whom they are not for."""

import pytest

from serving import a_server, bought

TWICE = {"field": "live.orders", "op": "ge", "value": 2}
RULE = {"all": [TWICE, {"not": {"field": "lifecycle.stage", "op": "eq", "value": "prospect"}}]}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("segments"), consent_for=("marketing",)) as found:
        for who, orders in (("ann", 3), ("ben", 1), ("cat", 2), ("dan", 2)):
            found.send(
                *(bought(who, f"{who}{at}", order=f"{who}{at}") for at in range(orders))
            ).raise_for_status()
        for who in ("ann", "ben", "cat", "dan"):
            found.profile(who)
        found.app.state.renewer.close()
        said = found.client.put("/v1/privacy/subjects/dan/consents", json={"service": False})
        said.raise_for_status()
        yield found


@pytest.fixture
def twice(served):
    body = {"id": "twice", "name": "Bought twice", "rule": RULE}
    made = served.client.post("/v1/segments", json=body)
    assert made.status_code == 201
    yield made.json()
    served.client.delete("/v1/segments/twice")


def test_a_segment_is_made_read_changed_and_taken_away(served, twice):
    client = served.client
    assert (twice["version"], twice["built_in"], twice["rule"]) == (1, False, RULE)
    assert client.post("/v1/segments", json=twice | {"x": 1}).status_code == 422
    again = {"id": "twice", "name": "x", "rule": TWICE}
    assert client.post("/v1/segments", json=again).json()["code"] == "overtaken"
    read = client.get("/v1/segments/twice")
    assert read.json() == twice
    tag = read.headers["etag"]
    told = client.patch("/v1/segments/twice", json={"rule": TWICE}, headers={"If-Match": tag})
    assert (told.json()["version"], told.json()["rule"]) == (2, TWICE)
    late = client.patch("/v1/segments/twice", json={"name": "y"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert "twice" in {each["id"] for each in client.get("/v1/segments").json()["segments"]}
    assert client.delete("/v1/segments/twice").status_code == 204
    assert client.delete("/v1/segments/twice").status_code == 404
    assert client.get("/v1/segments/twice").json()["code"] == "unknown_segment"


def test_members_are_listed_page_by_page_without_who_said_no(served, twice):
    first = served.client.get("/v1/segments/twice/members", params={"limit": 1}).json()
    assert (first["members"], first["cursor"]) == (["ann"], "ann")
    more = served.client.get("/v1/segments/twice/members", params={"cursor": "ann"}).json()
    assert (more["members"], more["cursor"]) == (["cat"], None)
    risk = served.client.get("/v1/segments/twice/members", headers={"X-Purpose": "risk"}).json()
    assert risk["members"] == ["ann", "cat", "dan"]
    ads = {"X-Purpose": "marketing"}
    told = served.client.get("/v1/segments/twice/members", headers=ads).json()
    assert told["members"] == [], "nobody was asked"
    served.app.state.recorder.flush()
    audit = served.app.state.recorder.audit
    assert sum("/members" in row.detail for row in audit.about("ann")) >= 2


def test_how_many_from_a_sample_and_exactly(served):
    told = served.client.post("/v1/segments:estimate", json={"rule": RULE}).json()
    assert (told["people"], told["withheld"], told["sampled"]) == (3, 1, 3)
    assert told["members"] == told["low"] == told["high"] == told["exact"] == 2
    body = {"rule": RULE, "sample": 2}
    told = served.client.post("/v1/segments:estimate", json=body).json()
    assert told["exact"] is None
    assert told["low"] <= 2 <= told["high"]
    told = served.client.post("/v1/segments:estimate", json=body | {"exact": True}).json()
    assert (told["exact"], told["degraded"]) == (2, [])


def test_why_somebody_is_in_or_not(served, twice):
    told = served.client.get("/v1/segments/twice/membership/ben").json()
    assert told["holds"] is False
    bought_twice, not_prospect = told["because"]["parts"]
    assert (bought_twice["found"], bought_twice["holds"]) == (1, False)
    assert not_prospect["holds"] is True
    assert served.client.get("/v1/segments/twice/membership/ann").json()["holds"] is True
    denied = served.client.get("/v1/segments/twice/membership/dan")
    assert (denied.status_code, denied.json()["code"]) == (403, "consent_denied")
    nobody = served.client.get("/v1/segments/twice/membership/nobody")
    assert nobody.json()["code"] == "unknown_customer"


def test_every_shop_has_groups_and_stages_and_they_stay(served):
    told = {each["id"]: each for each in served.client.get("/v1/segments").json()["segments"]}
    assert told["rfm.champions"]["built_in"] is True
    assert len([each for each in told if each.startswith("stage.")]) == 6
    for ask in (
        served.client.patch("/v1/segments/rfm.champions", json={"name": "x"}),
        served.client.delete("/v1/segments/stage.new"),
    ):
        assert (ask.status_code, ask.json()["code"]) == (409, "built_in")
    body = {"id": "rfm.mine", "name": "x", "rule": TWICE}
    assert served.client.post("/v1/segments", json=body).status_code == 422
    told = {who: served.profile(who) for who in ("ann", "ben")}  # drawn, so that they stay
    members = served.client.get("/v1/segments/stage.new/members").json()["members"]
    stages = {who: each["portrait"]["lifecycle"]["stage"] for who, each in told.items()}
    assert [who for who in ("ann", "ben") if who in members] == [
        who for who, stage in stages.items() if stage == "new"
    ]


@pytest.mark.parametrize(
    "rule",
    [None, {}, [], {"all": []}, {"field": "sql", "op": "eq", "value": "1"}, {"not": {"not": 1}}],
)
def test_what_is_no_rule_is_refused_with_its_place(served, rule):
    for path, body in (
        ("/v1/segments:estimate", {"rule": rule}),
        ("/v1/profiles:search", {"rule": rule}),
        ("/v1/segments", {"id": "x", "name": "x", "rule": rule}),
    ):
        answer = served.client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rule")


def test_reading_and_making_are_two_things(served):
    reader, author = served.key_for("segment:read"), served.key_for("segment:write")
    body = {"id": "mine", "name": "Mine", "rule": TWICE}
    assert served.client.post("/v1/segments", json=body, headers=reader).status_code == 403
    assert served.client.get("/v1/segments", headers=author).status_code == 403
    assert served.client.get("/v1/segments", headers=reader).status_code == 200


def test_the_document_says_which_clauses_there_are(served):
    schemas = served.client.get("/openapi.json").json()["components"]["schemas"]
    forms = schemas["Clause"]["anyOf"]
    stage = [
        each for each in forms if each["properties"]["field"].get("enum") == ["lifecycle.stage"]
    ]
    assert stage[0]["properties"]["value"]["enum"][0] == "prospect"
    assert {"AllOf", "AnyOf", "NotOf"} <= set(schemas)
