"""What was tuned is a folder beside the model: it answers the same, and knows its model."""

import json

import numpy as np
import pytest
import torch

from histories import a_model, a_past
from limner.errors import BadConfig, NotFitted
from limner.heads.question import Question
from limner.training.finetuning import FinetuneConfig, finetune
from limner.training.loop import LoopConfig
from limner.training.tuned import digest, load_tuned, shelf_of
from shops import a_lively_shop, a_study

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LOOP = LoopConfig(steps=8, learning_rate=0.01, examine_every=4)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=90, days=150, seed=3)


@pytest.fixture(scope="module")
def model(shop):
    return a_model(a_past(shop).known)


def tune(model, shop, question, **settings):
    study = a_study(shop, question, day=110)
    train, validation = study.training()
    config = FinetuneConfig(**{"loop": LOOP} | settings)
    return study, finetune(model, study, train, validation, config=config)


@pytest.mark.parametrize(
    ("question", "settings"),
    [
        (Question(shape="whether", horizon_days=14), {"method": "full"}),
        (Question(shape="whether", horizon_days=14), {"method": "full", "scratch": True}),
        (Question(shape="whether", horizon_days=14), {"method": "lora", "tuning": {"rank": 2}}),
        (
            Question(shape="how_much", horizon_days=14),
            {"method": "adalora", "tuning": {"rank": 1, "first_rank": 3}},
        ),
        (Question(shape="how_many", horizon_days=14), {"method": "adapter", "loss": "log_normal"}),
        (Question(shape="which", horizon_days=14, classes=4), {"method": "top", "joint": True}),
    ],
)
def test_what_was_kept_answers_the_same(question, settings, model, shop, tmp_path):
    study, tuned = tune(model, shop, question, **settings)
    folder = tmp_path / "tuned"
    tuned.save(folder)
    tuned.save(folder)
    assert {path.name for path in folder.iterdir()} == {"config.json", "head.safetensors", "change"}
    again = load_tuned(folder, model)
    window, customers = study.plan.test, study.asked(study.plan.test)
    said = tuned.predict(study, window, customers)
    # An amount is the exponential of a float32: a hundredth of a cent.
    assert np.allclose(again.predict(study, window, customers), said, rtol=1e-5, atol=1e-4)
    assert (again.steps, again.seconds) == (tuned.steps, tuned.seconds)
    assert json.loads((folder / "config.json").read_text())["trained"] == tuned.trained
    order = np.random.default_rng(0).permutation(len(customers))
    assert np.allclose(tuned.predict(study, window, customers[order]), said[order], atol=1e-5)


def test_another_model_and_an_empty_folder_are_refused(model, shop, tmp_path):
    _, tuned = tune(model, shop, Question(shape="whether", horizon_days=14), method="top")
    tuned.save(tmp_path / "tuned")
    other = a_model(model.known, seed=1)
    with pytest.raises(BadConfig, match="another behaviour model"):
        load_tuned(tmp_path / "tuned", other)
    with pytest.raises(NotFitted, match="nothing was tuned"):
        load_tuned(tmp_path / "nothing", model)


def test_weights_decide_the_digest(model):
    assert digest(model) == digest(a_model(model.known))
    other = a_model(model.known)
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert digest(model) != digest(other)


def test_what_ranks_is_kept_too_and_knows_only_what_was_met_before(model, shop, tmp_path):
    study, tuned = tune(
        model,
        shop,
        Question(shape="what_next", horizon_days=14),
        method="top",
        loss_settings={"others": 10},
    )
    tuned.save(tmp_path / "tuned")
    window, customers = study.plan.train[0], study.asked(study.plan.train[0])
    ranked = tuned.rank(study, window, customers, most=30)
    again = load_tuned(tmp_path / "tuned", model).rank(study, window, customers, most=30)
    assert np.array_equal(ranked.items, again.items)
    met = np.flatnonzero(shelf_of(study, model.vocabulary, window.cut).counts)
    assert set(ranked.items[0]) - {-1} == set(met)
    _, other = tune(model, shop, Question(shape="whether", horizon_days=14), method="top")
    with pytest.raises(BadConfig, match="does not ask for items"):
        other.rank(study, window, customers, most=3)
