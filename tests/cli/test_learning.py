"""What learning and examining leave behind on disk."""

import json
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

from limner.cli.learning import general_first
from limner.cli.workspace import Workspace
from limner.errors import MissingExtra
from limner.heads.question import read_questions
from limner.training.scoreboard import Scoreboard


@pytest.fixture(scope="module")
def examined(learned):
    return Workspace(learned).evaluate(methods=["base", "hand_made", "popularity"], seed=2)


def test_a_fit_leaves_a_model_with_its_card_and_a_run_that_says_how(learned):
    assert (learned / "models" / "current" / "card.md").is_file()
    (run,) = (learned / "runs").glob("*-fit")
    config = json.loads((run / "config.json").read_text("utf-8"))
    shop = Workspace(learned)
    assert config["seed"] == 1
    assert config["log"]["fingerprint"] == shop.log.manifest.fingerprint
    assert config["cut"] == shop.end.isoformat()
    assert set(config["questions"]) == set(shop.questions)


def test_no_model_is_a_pickle(learned):
    assert not [
        each for each in learned.rglob("*") if each.suffix in {".pkl", ".pickle", ".joblib"}
    ]


def test_an_evaluation_leaves_scoreboard_report_and_config(examined):
    board = Scoreboard.read(examined.run / "scoreboard.json")
    assert board.rows == examined.scoreboard.rows
    assert {row.method for row in board} == {"base", "hand_made", "popularity"}
    html = examined.report.read_text("utf-8")
    assert "made up" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    config = json.loads((examined.run / "config.json").read_text("utf-8"))
    assert config["seed"] == 2


def test_the_default_cut_is_one_longest_horizon_before_the_end(examined, learned):
    cuts = {row.cut for row in examined.scoreboard}
    assert cuts == {Workspace(learned).end - timedelta(days=30)}


def test_without_the_packages_that_learn_it_says_what_to_install(ingested, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtra, match="learning needs lightgbm") as caught:
        Workspace(ingested).fit()
    assert caught.value.hint == "pip install 'limner[learn]'"


def test_whichever_stands_first_what_is_offered_in_general_is_of_all_items():
    questions = read_questions({"arrivals": {}, "churn": {}, "next_item": {}})
    given = [SimpleNamespace(question=name) for name in questions]
    found = [each.question for each in general_first(given, questions)]
    assert found == ["churn", "next_item", "arrivals"]
