"""The graph of a behaviour model says what torch says, whatever the sizes."""

import sys
import warnings

import numpy as np
import onnxruntime
import pytest
import torch

from histories import HORIZONS, SMALL, a_model, a_past
from limner import plugins
from limner.dataset.batches import batch_at
from limner.dataset.sequences import DAY_US
from limner.errors import MissingExtra
from limner.model import backbones
from limner.model.export import WINDOW_HEADS, export_behaviour
from limner.model.tuning.lora import Lora
from served import some_heads
from shops import Shop, a_lively_shop, a_log, an_event, seen
from visits import CUT_US


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=60, days=130, seed=7))


@pytest.fixture(scope="module", params=plugins.names(backbones))
def backbone(request):
    return request.param


def a_graph(model, heads, folder):
    export_behaviour(model, heads, folder / "model.onnx")
    return onnxruntime.InferenceSession(
        str(folder / "model.onnx"), providers=["CPUExecutionProvider"]
    )


def asked(graph, batch):
    names = [each.name for each in graph.get_outputs()]
    told = {each.name: getattr(batch, each.name) for each in graph.get_inputs()}
    return dict(zip(names, graph.run(None, told), strict=True))


def told(model, heads, batch):
    with torch.inference_mode():
        vectors = model.vectors(batch)
        said = {"vectors": vectors, "class_scores": model.class_scores(batch, vectors)}
        for name in WINDOW_HEADS:
            if f"{name}.weight" in heads:
                weight, bias = heads[f"{name}.weight"], heads[f"{name}.bias"]
                said[f"window_{name}"] = vectors @ weight.T + bias
    return {name: each.numpy() for name, each in said.items()}


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and np.allclose(one[name], other[name], atol=1e-5, rtol=1e-5)
        for name in one
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_it_says_what_torch_says(past, backbone, layers, tmp_path):
    """Of one customer and of many, at one moment and at several, with much padding and with none."""
    model = a_model(past.known, backbone=backbone, layers=layers)
    heads = some_heads(SMALL.width)
    graph = a_graph(model, heads, tmp_path)
    bucket = past.buckets[0]
    by_length = np.argsort(bucket.lengths)
    for rows in (by_length, by_length[:1], by_length[-1:], by_length[[0, 0, -1]]):
        for days in ([0], [40, 0], [70, 3, 1, 0]):
            moments = np.tile(CUT_US - np.array(days) * DAY_US, (len(rows), 1))
            batch = batch_at(bucket, rows, moments, longest=SMALL.longest)
            found = asked(graph, batch)
            assert found["window_orders"].shape == (*moments.shape, len(HORIZONS))
            assert same(found, told(model, heads, batch))


def test_a_model_without_heads_and_classes_has_vectors_alone(tmp_path):
    shop = Shop(a_log([an_event("ann", day, "view") for day in range(40)]))
    past = a_past(shop)
    model = a_model(past.known)
    assert model.classes == 0
    graph = a_graph(model, {}, tmp_path)
    batch = batch_at(past.buckets[0], np.array([0]), np.array([[CUT_US]]), longest=16)
    found = asked(graph, batch)
    assert same(found, told(model, {}, batch))
    assert found["class_scores"].shape == (1, 1, 0)


def test_a_model_tuned_by_low_ranks_is_one_graph_with_its_tuning(past, tmp_path):
    heads = some_heads(SMALL.width)
    tuned = Lora(rank=2).tune(a_model(past.known), steps=1)
    with torch.no_grad():
        for weight in tuned.model.parameters():
            if weight.requires_grad:
                weight.add_(0.3)
    batch = batch_at(past.buckets[0], np.arange(20), np.full((20, 1), CUT_US), longest=16)
    model = tuned.model
    found = asked(a_graph(model, heads, tmp_path), batch)
    assert same(found, told(model.eval(), heads, batch))
    assert not same(found, told(a_model(past.known), heads, batch))


def test_the_model_goes_on_learning_as_it_was(past, tmp_path):
    model = a_model(past.known).train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    export_behaviour(model, {}, tmp_path / "model.onnx")
    assert model.training
    assert model.drop.training
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())


def test_it_is_quiet(past, tmp_path, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_behaviour(a_model(past.known), {}, tmp_path / "model.onnx")
    assert capfd.readouterr() == ("", "")


def test_without_onnx_it_says_what_to_install(past, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match="needs onnx") as caught:
        export_behaviour(a_model(past.known), {}, tmp_path / "model.onnx")
    assert caught.value.hint == "pip install 'limner[torch]'"
    assert not (tmp_path / "model.onnx").exists()


def test_what_items_are_like_is_in_the_graph(tmp_path):
    looked = a_past(seen(a_lively_shop(customers=30, days=130, seed=7)))
    model, heads = a_model(looked.known), {}
    graph = a_graph(model, heads, tmp_path)
    bucket = looked.buckets[0]
    rows = np.arange(min(9, len(bucket)))
    batch = batch_at(bucket, rows, np.full((len(rows), 1), CUT_US), longest=16)
    assert {"text", "image"} < set(model.encoder.modalities)
    assert same(asked(graph, batch), told(model, heads, batch))
