"""A model as a folder: the same after a night, and nothing in it that runs."""

import json

import pytest
import torch

from histories import a_model, a_past
from limner.dataset.live import ItemCodes
from limner.errors import NotFitted
from limner.model.checkpoint import Served, load_behaviour, load_heads, save_behaviour
from limner.model.reading import read_customers
from served import a_folder
from shops import a_lively_shop
from visits import CUT


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=30, days=130, seed=7))


@pytest.mark.parametrize("backbone", ["recurrent", "transformer"])
def test_a_model_is_a_folder_without_anything_that_runs(past, tmp_path, backbone):
    model, folder = a_model(past.known, backbone=backbone), tmp_path / "behaviour"
    save_behaviour(model, folder, facts={"cut": CUT.isoformat()})
    save_behaviour(model, folder, facts={"cut": CUT.isoformat(), "seed": 3})
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "vocabulary.json",
        "model.safetensors",
        "heads.safetensors",
        "card.md",
    }
    assert load_heads(folder) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["behaviour"]
    assert json.loads((folder / "config.json").read_text())["facts"]["seed"] == 3
    assert "| seed | 3 |" in (folder / "card.md").read_text()
    again = load_behaviour(folder)
    assert not again.training
    assert again.config == model.config
    assert again.class_names == model.class_names
    assert again.vocabulary == model.vocabulary
    for name, edges in model.known.edges.items():
        assert again.known.edges[name].tobytes() == edges.tobytes()
    one, other = (read_customers(each, past.ledger, CUT, classes=True) for each in (model, again))
    assert one.vectors.tobytes() == other.vectors.tobytes()
    assert one.class_scores.tobytes() == other.class_scores.tobytes()


def test_heads_come_back_as_they_were(past, tmp_path):
    torch.manual_seed(0)
    heads = {"whether.weight": torch.randn(3, 8), "whether.bias": torch.randn(3)}
    save_behaviour(a_model(past.known), tmp_path / "behaviour", facts={}, heads=heads)
    again = load_heads(tmp_path / "behaviour")
    assert set(again) == set(heads)
    assert all(torch.equal(again[name], each) for name, each in heads.items())


def test_what_is_served_needs_no_torch(past, tmp_path):
    folder = tmp_path / "behaviour"
    model, _ = a_folder(past, folder)
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "vocabulary.json",
        "items.parquet",
        "model.safetensors",
        "heads.safetensors",
        "model.onnx",
        "card.md",
    }
    assert json.loads((folder / "config.json").read_text())["served"] == {
        "horizons_days": [7, 30],
        "class_days": 30,
        "class_names": list(model.class_names),
        "levels": {"orders": [1.25, 1.5], "worth": [2.0, 3.0]},
        "currency": "CNY",
    }
    assert list(ItemCodes.read(folder / "items.parquet").ids) == past.ledger.items.tolist()


def test_without_heads_no_horizon_is_served(past, tmp_path):
    served = Served(ItemCodes.of(past.ledger, past.known.vocabulary), (7, 30), 30)
    save_behaviour(a_model(past.known), tmp_path / "behaviour", facts={}, served=served)
    config = json.loads((tmp_path / "behaviour" / "config.json").read_text())
    assert config["served"]["horizons_days"] == []
    assert config["served"]["currency"] is None


def test_a_version_names_whatever_makes_vectors(past, tmp_path):
    """The same model has the same one, however often it is saved; another weight makes another."""

    def version(model, **more):
        save_behaviour(model, tmp_path / "behaviour", facts=more)
        return json.loads((tmp_path / "behaviour" / "config.json").read_text())["version"]

    model = a_model(past.known)
    first = version(model)
    assert version(model, seed=3) == first
    with torch.no_grad():
        model.totals.bias[0] += 1
    assert version(model) != first


def test_a_folder_without_a_model_is_refused(tmp_path):
    for load in (load_behaviour, load_heads):
        with pytest.raises(NotFitted, match="no behaviour model"):
            load(tmp_path)
