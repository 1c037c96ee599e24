"""Tuning for a question, and having models stand by, as a user asks for them."""

import json
import sys

import pytest

from limner.cli.tuning import learning_of
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, MissingExtra, NotFitted
from limner.model.checkpoint import load_behaviour
from limner.training.tuned import load_tuned
from shops import quicken

SMALL = """
[model]
width = 12
longest = 32

[pretrain]
steps = 4
customers = 16

[finetune.loop]
steps = 2
examine_every = 1
device = "cpu"
"""


@pytest.fixture
def small(ingested):
    with (ingested / "limner.toml").open("a") as file:
        file.write(SMALL)
    return ingested


@pytest.fixture
def pretrained(small):
    Workspace(small).pretrain("2024-05-01")
    return small


def test_a_model_is_tuned_as_of_the_cut_that_it_was_pretrained_for(pretrained):
    told = []
    shop = Workspace(pretrained)
    done = shop.finetune("churn", method="top", progress=lambda *each: told.append(each))
    assert done.as_of.isoformat() == "2024-05-01T00:00:00+00:00"
    assert (done.question, done.method, done.labels) == ("churn", "top", 1.0)
    assert done.folder == pretrained / "models" / "tuned" / "churn" / "top"
    assert told
    tuned = load_tuned(done.folder, load_behaviour(pretrained / "models" / "behaviour"))
    assert tuned.trained == done.trained > 0
    assert tuned.customers == done.customers > 0
    config = json.loads((done.run / "config.json").read_text("utf-8"))
    assert config["question"] == "churn"
    assert config["cut"] == done.as_of.isoformat()
    again = shop.finetune("churn", method="top")
    assert (again.trained, again.steps) == (done.trained, done.steps)


def test_the_settings_say_how_and_what_is_asked_goes_before(pretrained):
    with (pretrained / "limner.toml").open("a") as file:
        file.write('\n[finetune]\nmethod = "adapter"\nlabels = 0.5\nhold = 0.1\n')
    shop = Workspace(pretrained)
    done = shop.finetune("spend")
    assert (done.method, done.labels) == ("adapter", 0.5)
    asked = shop.finetune("spend", method="full", labels=0.25)
    assert (asked.method, asked.labels) == ("full", 0.25)
    assert asked.folder == pretrained / "models" / "tuned" / "spend" / "full-0.25"
    assert asked.trained > done.trained
    assert asked.customers < done.customers


def test_what_cannot_be_is_refused(pretrained):
    shop = Workspace(pretrained)
    with pytest.raises(BadConfig, match="asks for items") as caught:
        shop.finetune("next_item")
    assert "--method fused" in caught.value.hint
    with pytest.raises(BadConfig, match="asks no question 'chrun'"):
        shop.finetune("chrun")
    with pytest.raises(BadConfig, match="labels"):
        shop.finetune("churn", labels=0.0)


def test_before_anything_was_pretrained_it_says_what_to_do(small):
    with pytest.raises(NotFitted, match="no behaviour model") as caught:
        Workspace(small).finetune("churn")
    assert caught.value.hint == "limner pretrain"


def test_without_torch_it_says_what_to_install_and_nothing_stands_by(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("limner.cli.tuning.find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        Workspace(small).finetune("churn")
    assert caught.value.hint == "pip install 'limner[torch]'"
    assert learning_of(Workspace(small), seed=0) is None


def test_the_settings_say_what_stands_by(quick):
    with (quick / "limner.toml").open("a") as file:
        file.write(f"{SMALL}\n[fit]\nfolds = 3\n")
    shop = Workspace(quick)
    standby = learning_of(shop, seed=4)
    assert standby.plan.folds == 3
    assert standby.plan.seed == 4
    assert standby.plan.model.width == 12
    assert standby.plan.config.steps == 4
    assert standby.finetune.loop.steps == 2
    assert standby.plan.folder == quick / "models" / "folds"
    assert standby.plan.mark == shop.log.manifest.fingerprint


def test_a_wrong_setting_is_named(small):
    with (small / "limner.toml").open("a") as file:
        file.write("\n[finetune]\nlables = 0.5\n")
    with pytest.raises(BadConfig, match=r"limner.toml \[finetune\]"):
        learning_of(Workspace(small), seed=0)


def test_the_ladder_is_climbed_from_the_command_line(ask, quick, tmp_path, monkeypatch):
    """With a model of four steps and few trees: that every rung is there, in its order."""
    quicken(monkeypatch)
    with (quick / "limner.toml").open("a") as file:
        file.write(f"{SMALL}\n[engine]\nworkers = 1\n")
    path = tmp_path / "rows.json"
    result = ask("evaluate", "--workspace", quick, "--ladder", "--json", path)
    assert result.exit_code == 0, result.stderr
    methods = list(dict.fromkeys(row["method"] for row in json.loads(path.read_text("utf-8"))))
    assert methods == [
        *("base", "recency", "hand_made", "bgnbd", "automatic"),
        *("frozen_linear", "frozen_boosted", "top", "lora", "adalora", "adapter", "full", "joint"),
        "fused",
    ]
    assert {each.name for each in (quick / "models" / "folds").glob("*/*")} == {"0", "1", "whole"}
