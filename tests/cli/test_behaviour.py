"""Pretraining and embedding, as a user asks for them."""

import json
import sys

import polars as pl
import pytest

from limner.cli.workspace import Workspace
from limner.errors import BadConfig, MissingExtra

SMALL = "\n[model]\nwidth = 8\nlongest = 32\n\n[pretrain]\nsteps = 4\ncustomers = 16\n"


@pytest.fixture
def small(ingested):
    with (ingested / "limner.toml").open("a") as file:
        file.write(SMALL)
    return ingested


def test_pretrain_then_embed(ask, small, tmp_path):
    (small / "models" / ".behaviour-killed").mkdir(parents=True)  # with other settings
    result = ask("pretrain", "--workspace", small, "--json", "--cut", "2024-04-01")
    assert result.exit_code == 0, result.stderr
    done = json.loads(result.stdout)
    assert done["steps"] == 4
    assert {path.name for path in (small / "models").iterdir()} == {"behaviour"}
    out = tmp_path / "out" / "blocks.parquet"
    result = ask("embed", "--out", out, "--workspace", small, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    table = pl.read_parquet(out)
    assert len(table) == told["customers"] == table["customer_id"].n_unique()
    assert set(table["sequence"].list.len()) == {8} == {told["blocks"]["sequence"]}


def test_the_model_and_what_it_learns_are_settings(ask, small, tmp_path):
    text = (
        (small / "limner.toml")
        .read_text()
        .replace("width = 8", 'backbone = "transformer"\nwidth = 8')
    )
    names = '["contrast", "future_window", "masked_event", "next_event"]'
    (small / "limner.toml").write_text(f"{text}objectives = {names}\n")
    result = ask("pretrain", "--workspace", small, "--json", "--cut", "2024-04-01")
    assert result.exit_code == 0, result.stderr
    facts = json.loads((small / "models" / "behaviour" / "config.json").read_text())["facts"]
    assert facts["model"]["backbone"] == "transformer"
    assert facts["pretrain"]["objectives"] == json.loads(names)
    out = tmp_path / "blocks.parquet"
    assert ask("embed", "--out", out, "--workspace", small).exit_code == 0
    assert set(pl.read_parquet(out)["sequence"].list.len()) == {8}


def test_an_objective_that_is_not_there_is_named_with_those_that_are(small):
    with (small / "limner.toml").open("a") as file:
        file.write('objectives = ["clairvoyance"]\n')
    with pytest.raises(BadConfig, match=r"objectives are contrast, .* not 'clairvoyance'"):
        Workspace(small).pretrain()


def test_a_setting_out_of_range_is_named(small):
    text = (small / "limner.toml").read_text().replace("width = 8", "width = 1")
    (small / "limner.toml").write_text(text)
    with pytest.raises(BadConfig, match=r"limner.toml \[model\]: width"):
        Workspace(small).pretrain()


def test_without_torch_it_says_what_to_install(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as caught:
        Workspace(small).pretrain()
    assert caught.value.hint == "pip install 'limner[torch]'"
