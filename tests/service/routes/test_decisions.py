"""Scores of many, and what to offer one next."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from limner.profiles.inputs import PredictionInput
from limner.profiles.live import Drawn, Stale
from limner.profiles.record import Recommendation
from serving import a_server, bought


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    soon = datetime(2026, 5, 10, tzinfo=UTC)
    with a_server(tmp_path_factory.mktemp("decisions"), present=soon) as found:
        found.send(*(bought(f"c{at}", f"m{at}", order=f"o{at}") for at in range(3)))
        painter, names = found.app.state.parts.painter, ["c0", "c1"]
        painter.refresh(soon)
        first = painter.paint(
            [Stale(no, who, 9, 0) for who, no in found.store.numbers_of(names).items()], now=soon
        )
        churn = PredictionInput(
            "churn", "whether", 14, "probability", "m1", names, np.array([0.2, 0.7])
        )
        offer = Recommendation("mug", "Mug", 1.0, "reranked", "model", is_new=True)
        told = [
            replace(found.store.get(name), predictions=(churn.of(name),), recommendations=(offer,))
            for name in names
        ]
        found.app.state.renewer.close()
        found.store.put_portraits(Drawn(told, first.seen, first.about))
        yield found


def test_many_are_scored_at_once(served):
    told = served.client.post("/v1/score", json={"ids": ["c1", "c0", "nobody"]}).json()
    assert {each["customer_id"]: each["value"] for each in told["scores"]} == {"c0": 0.2, "c1": 0.7}
    assert told["unknown"] == ["nobody"]
    none = served.client.post("/v1/score", json={"ids": ["c1"], "questions": ["spend"]}).json()
    assert none["scores"] == []


def test_what_to_offer_and_why(served):
    def ask(**body):
        return served.client.post("/v1/recommendations", json={"customer_id": "c0"} | body).json()

    told = ask(n=1)
    assert (told["personalized"], told["items"][0]["item_id"]) == (True, "mug")
    told = ask(personalized=False)
    assert told["personalized"] is False
    assert {each["reason"] for each in told["items"]} == {"popular"}
    assert [each["item_id"] for each in ask(exclude=["mug"])["items"]] != ["mug"]
    stranger = ask(customer_id="nobody")
    assert stranger["personalized"] is False
    assert stranger["items"][0]["item_id"] == "tea"


@pytest.mark.parametrize("body", [{}, {"customer_id": ""}, {"customer_id": "a", "n": 0}, []])
def test_what_cannot_be_meant_is_refused(served, body):
    answer = served.client.post("/v1/recommendations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert served.client.post("/v1/score", json={"ids": 3}).status_code == 422
