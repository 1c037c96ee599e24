"""Of many customers those are told of who allow it, and each reading is recorded once."""

from limner.service.disclosure import split_by_consent
from serving import a_server, bought


def test_the_order_stays_and_who_forbade_it_is_named_apart(tmp_path):
    with a_server(tmp_path) as served:
        assert callable(split_by_consent)
        for who in ("a", "b", "c"):
            served.send(bought(who, f"m-{who}", order=f"o-{who}"))
        served.client.put("/v1/privacy/subjects/b/consents", json={"service": False})
        body = {"ids": ["c", "b", "a", "nobody"]}
        told = served.client.post("/v1/profiles:batchGet", json=body).json()
        assert [each["customer_id"] for each in told["profiles"]] == ["a", "c"]
        assert (told["denied"], told["unknown"]) == (["b"], ["nobody"])
        page = served.client.get("/v1/profiles", params={"limit": 2}).json()
        assert [each["customer_id"] for each in page["profiles"]] == ["a"]
        assert page["cursor"] == "b"
        served.app.state.recorder.flush()
        audit = served.app.state.recorder.audit
        actions = {who: [row.action for row in audit.about(who)] for who in ("a", "b", "c")}
    assert actions["a"] == ["profile.read"] * 2
    assert actions["b"] == ["consent", "profile.denied", "profile.denied"]
    assert actions["c"] == ["profile.read"]
