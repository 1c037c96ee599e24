"""Items put in an order, risks assessed, predictions explained: over HTTP, and with consent."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from limner.profiles.inputs import PredictionInput
from limner.profiles.live import Drawn, Stale
from limner.profiles.record import Recommendation
from serving import a_server, bought

RISK = {"X-Purpose": "risk"}


def paint(served, soon):
    """Give c0 and c1 what `limner fit` would foretell of them."""
    painter, names = served.app.state.parts.painter, ["c0", "c1"]
    painter.refresh(soon)
    stale = [Stale(no, who, 9, 0) for who, no in served.store.numbers_of(names).items()]
    first = painter.paint(stale, now=soon)
    fraud = PredictionInput(
        "fraud", "whether", 14, "probability", "m1", names, np.array([0.2, 0.7]),
        band_edges=(0.3, 0.6),
        factor_names=("orders", "spend"),
        factor_indices=np.array([[0, 1], [1, -1]]),
        factor_effects=np.array([[0.3, -0.1], [0.9, np.nan]]),
        factor_values=np.array([[1.0, 5.0], [5.0, np.nan]]),
    )  # fmt: skip
    offer = Recommendation("mug", "Mug", 1.0, "reranked", "model", is_new=True)
    told = [
        replace(each, predictions=(fraud.of(each.customer_id),), recommendations=(offer,))
        for each in first.profiles
    ]
    served.app.state.renewer.close()
    served.store.put_portraits(Drawn(told, first.seen, first.about))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    soon = datetime(2026, 5, 10, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("assessing")
    with a_server(folder, present=soon, risk_questions=("fraud",)) as found:
        found.send(*(bought(f"c{at}", f"m{at}", order=f"o{at}") for at in range(4)))
        paint(found, soon)
        said = found.client.put("/v1/privacy/subjects/c3/consents", json={"risk": False})
        said.raise_for_status()
        yield found


def test_given_items_stand_by_the_ranking_then_by_what_many_bought(served):
    def ask(**body):
        return served.client.post("/v1/rank", json={"customer_id": "c0"} | body).json()

    told = ask(items=["nothing", "tea", "mug"])
    assert [(each["item_id"], each["by"]) for each in told["items"]] == [
        ("mug", "ranking"),
        ("tea", "popularity"),
    ]
    assert (told["unknown"], told["personalized"]) == (["nothing"], True)
    told = ask(items=["mug", "tea"], personalized=False)
    assert told["personalized"] is False
    assert [each["item_id"] for each in told["items"]] == ["tea"]
    stranger = ask(items=["tea"], customer_id="nobody")
    assert (stranger["personalized"], stranger["items"][0]["by"]) == (False, "popularity")
    assert served.client.post("/v1/rank", json={"customer_id": "c0"}).status_code == 422
    denied = {"customer_id": "c3", "items": ["tea"]}
    assert served.client.post("/v1/rank", json=denied, headers=RISK).status_code == 403


def test_a_risk_is_assessed_with_reasons_and_a_person(served):
    def ask(who, headers=RISK):
        return served.client.post("/v1/risk/assess", json={"customer_id": who}, headers=headers)

    good, bad = ask("c0").json(), ask("c1").json()
    assert (good["decision"], good["human_review"]) == ("allow", False)
    assert (bad["decision"], bad["human_review"]) == ("decline", True)
    (risk,) = bad["risks"]
    assert (risk["question"], risk["band"], risk["value"]) == ("fraud", "high", 0.7)
    assert (risk["reasons"][0]["name"], risk["reasons"][0]["pushes"]) == ("spend", "up")
    assert ask("c0", {"X-Purpose": "service"}).json()["code"] == "purpose_denied"
    unscored = ask("c2")
    assert (unscored.status_code, unscored.json()["code"]) == (409, "not_scored")
    assert ask("c3").json()["code"] == "consent_denied"
    assert ask("nobody").status_code == 404


def test_where_there_is_no_question_of_risk_no_score_is_invented(tmp_path):
    with a_server(tmp_path) as other:
        other.send(bought("c0", "m0"))
        told = other.client.post("/v1/risk/assess", json={"customer_id": "c0"}, headers=RISK)
        assert (told.status_code, told.json()["code"]) == (409, "no_risk_question")
        assert "risk_questions" in told.json()["hint"]


def test_a_prediction_says_why_with_the_events_behind_it(served):
    path = "/v1/profiles/{}/predictions/{}/explanation"
    told = served.client.get(path.format("c0", "fraud")).json()
    assert told["prediction"]["value"] == 0.2
    first, second = told["reasons"]
    assert (first["name"], first["effect"], first["pushes"]) == ("orders", 0.3, "up")
    assert first["evidence"][0]["order_id"] == "o0"
    assert (second["name"], second["pushes"]) == ("spend", "down")
    other = served.client.get(path.format("c0", "frauds"))
    assert (other.status_code, other.json()["code"]) == (404, "unknown_prediction")
    assert "fraud" in other.json()["hint"]
    assert served.client.get(path.format("c3", "fraud"), headers=RISK).status_code == 403


def test_scores_say_why_where_that_is_asked(served):
    def ask(**params):
        return served.client.post("/v1/score", json={"ids": ["c0"]}, params=params).json()["scores"]

    assert "reasons" not in ask()[0]
    assert [each["name"] for each in ask(explain=True)[0]["reasons"]] == ["orders", "spend"]
