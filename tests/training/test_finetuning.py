"""Tuning for a question: every shape and way, blind to the future, few labels, from scratch."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from histories import a_model, a_past
from limner import plugins
from limner.dataset.labels import item_codes, seen_items
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import ranges
from limner.errors import BadConfig, TooFew
from limner.heads.item_ranking import ndcg_at_10
from limner.heads.question import Question
from limner.model import tuning
from limner.training.finetuning import FinetuneConfig, finetune
from limner.training.loop import LoopConfig
from limner.training.losses.log_normal import ZeroInflatedLogNormal
from limner.training.pretraining import PretrainConfig, pretrain
from limner.training.robust import AdversaryConfig
from shops import START, Shop, a_lively_shop, a_study, planted, told

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DAY = 110
LOOP = LoopConfig(steps=12, learning_rate=0.01, examine_every=4)
STAY = Question(shape="whether", horizon_days=14, nothing=True)


@pytest.fixture(scope="module")
def shop():
    lively = a_lively_shop(customers=120, days=150, seed=3)
    names = sorted(set(lively.events["customer_id"]))
    ages = [(one, "age", ("young", "old")[place % 2]) for place, one in enumerate(names)]
    return Shop(lively.events, catalogue=lively.catalogue(), attributes=told(ages), buckets=2)


@pytest.fixture(scope="module")
def pretrained(shop):
    cut = START + timedelta(days=DAY)
    settings = PretrainConfig(steps=20, customers=24, moments=4, learning_rate=0.01)
    model = a_model(a_past(shop, cut=cut).known)
    return pretrain(Ledger.of(shop), cut, model=model.config, config=settings)


@pytest.fixture(scope="module")
def model(pretrained):
    return pretrained.model


def tune(model, shop, question, *, start=None, **settings):
    """Return what was tuned and what it says of everybody asked at the test cut."""
    study = a_study(shop, question, day=DAY)
    if question.attribute is None:
        train, validation = study.training()
    else:
        everybody = study.sample(study.plan.test)
        held = np.arange(len(everybody.customers)) % 5 == 0
        train, validation = [everybody.take(~held)], everybody.take(held)
    config = FinetuneConfig(**{"method": "top", "loop": LOOP} | settings)
    tuned = finetune(model, study, train, validation, config=config, start=start)
    asked = study.sample(study.plan.test)
    return tuned, tuned.predict(study, asked.window, asked.customers), asked


NARROW = {"lora": {"rank": 2}, "adalora": {"rank": 1, "first_rank": 3}}
"""Ranks for a model as narrow as this one."""


@pytest.mark.parametrize("method", plugins.names(tuning))
def test_every_way_answers_and_leaves_the_model_as_it_was(method, model, shop):
    before = {name: each.clone() for name, each in model.state_dict().items()}
    settings = {"method": method, "tuning": NARROW.get(method, {})}
    tuned, said, asked = tune(model, shop, STAY, **settings)
    assert said.shape == asked.truth.shape
    assert ((said >= 0) & (said <= 1)).all()
    assert roc_auc_score(asked.truth, said) > 0.7
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert not model.training
    assert 0 < tuned.trained <= sum(each.numel() for each in model.parameters()) + 9
    assert tuned.seconds > 0
    assert 0 <= tuned.steps <= 12
    again, said_again, _ = tune(model, shop, STAY, **settings)
    assert np.array_equal(said, said_again)
    assert again.trained == tuned.trained


@pytest.mark.parametrize(
    ("question", "settings"),
    [
        (Question(shape="whether", horizon_days=14), {"loss": "focal"}),
        (Question(shape="whether", horizon_days=14), {"balanced": True}),
        (Question(shape="how_many", horizon_days=14), {}),
        (Question(shape="how_much", horizon_days=14), {"loss": "huber"}),
        (Question(shape="how_much", horizon_days=14), {"loss": "log_normal"}),
        (
            Question(shape="which", horizon_days=14, classes=4),
            {"loss_settings": {"smoothing": 0.1}},
        ),
        (Question(shape="which", horizon_days=14, of="brand", classes=3), {"loss": "focal"}),
        (Question(shape="which", attribute="age"), {"balanced": True}),
        (Question(shape="which", attribute="age"), {"loss": "binary", "joint": True}),
        (Question(shape="which", horizon_days=14, classes=4), {"joint": True, "method": "full"}),
    ],
)
def test_every_shape_is_answered_in_its_manner(question, settings, model, shop):
    _, said, asked = tune(model, shop, question, **settings)
    if question.shape in ("how_many", "how_much"):
        assert said.shape == (len(asked.customers), 2)
        assert (said >= 0).all()
        assert np.corrcoef(np.log1p(said[:, 1]), np.log1p(asked.truth))[0, 1] > 0.3
        return
    assert said.shape == asked.truth.shape
    assert ((said >= 0) & (said <= 1)).all()
    if question.attribute is None:
        assert roc_auc_score(asked.truth.reshape(-1), said.reshape(-1)) > 0.6


def test_what_happens_from_the_cut_on_moves_nothing(model, shop):
    _, said, asked = tune(model, shop, STAY)
    other = shop.also(planted(DAY))
    study = a_study(other, STAY, day=DAY)
    train, validation = study.training()
    config = FinetuneConfig(method="top", loop=LOOP)
    tuned = finetune(model, study, train, validation, config=config)
    one, two = a_study(shop, STAY, day=DAY).ledger, study.ledger
    order = np.argsort(two.customers)
    codes = order[np.searchsorted(two.customers, one.customers[asked.customers], sorter=order)]
    assert np.allclose(tuned.predict(study, asked.window, codes), said, atol=1e-4)


def test_labels_that_were_shuffled_teach_nothing(model, shop):
    study = a_study(shop, STAY, day=DAY)
    train, validation = study.training()
    rng = np.random.default_rng(0)
    for one in [*train, validation]:
        rng.shuffle(one.truth)
    config = FinetuneConfig(method="top", loop=LOOP, refit=False)
    tuned = finetune(model, study, train, validation, config=config)
    asked = study.sample(study.plan.test)
    said = tuned.predict(study, asked.window, asked.customers)
    assert abs(roc_auc_score(asked.truth, said) - 0.5) < 0.2


def test_few_labels_are_enough_where_a_pretrained_head_was_asked_the_same(pretrained, shop):
    """Leaning strongly, the head stays at the pretrained one however few the labels are."""
    tuned, said, asked = tune(
        pretrained.model, shop, STAY, start=pretrained.window, labels=0.05, lean=1e6
    )
    assert roc_auc_score(asked.truth, said) > 0.75
    without, _, _ = tune(pretrained.model, shop, STAY, labels=0.05, lean=1e6)
    weight = pretrained.window.whether.weight[1].detach()
    if tuned.steps == 0:
        assert torch.allclose(tuned.whole.head.read.weight[0].detach(), -weight, atol=0.01)
    assert not torch.equal(tuned.whole.head.read.weight, without.whole.head.read.weight)


def test_from_scratch_all_weights_learn_anew(model, shop):
    tuned, said, asked = tune(model, shop, STAY, method="full", scratch=True)
    assert said.shape == asked.truth.shape
    table = tuned.whole.model.encoder.state_dict()
    assert not any(
        torch.equal(each, model.encoder.state_dict()[name])
        for name, each in table.items()
        if name.endswith("norm.weight")
    )
    with pytest.raises(BadConfig, match="from scratch"):
        tune(model, shop, STAY, method="lora", scratch=True)


def test_learning_again_with_the_newest_labels_takes_as_many_steps(model, shop):
    tuned, said, _ = tune(model, shop, STAY, refit=True)
    once, said_once, _ = tune(model, shop, STAY, refit=False)
    assert tuned.steps == once.steps
    assert not np.array_equal(said, said_once)


def test_moved_visits_may_be_learned_from(model, shop):
    study = a_study(shop, STAY, day=DAY)
    train, validation = study.training()
    nobody, asked, found = validation.take(slice(0, 0)), study.sample(study.plan.test), []
    for adversary in (None, AdversaryConfig(reach=0.5)):
        config = FinetuneConfig(method="top", loop=LOOP, adversary=adversary)
        tuned = finetune(model, study, train, nobody, config=config)
        found.append(tuned.predict(study, asked.window, asked.customers))
    assert not np.array_equal(*found)


def test_an_amount_may_be_asked_for_a_longer_horizon(model, shop):
    study = a_study(shop, Question(shape="how_much", horizon_days=14), day=DAY)
    train, validation = study.training()
    config = FinetuneConfig(method="top", loop=LOOP)
    tuned = finetune(model, study, train, validation, config=config)
    window = study.plan.test
    longer = type(window)(window.cut, 28)
    customers = study.asked(window)
    assert tuned.predict(study, longer, customers) == pytest.approx(
        2 * tuned.predict(study, window, customers)
    )


def test_what_cannot_be_is_refused(model, shop):
    for settings, match in (
        ({"loss": "squared"}, "cannot teach"),
        ({"loss": "multi_class"}, "cannot teach"),
        ({"tuning": {"frozen": ["nothing"]}}, "has nothing above"),
        ({"tuning": {"ranks": 3}}, "is not a setting"),
        ({"loss_settings": {"smoothing": 2}}, "smoothing"),
    ):
        with pytest.raises(BadConfig, match=match):
            tune(model, shop, STAY, **settings)
    which = Question(shape="which", horizon_days=14, classes=4)
    with pytest.raises(BadConfig, match="several classes at once"):
        tune(model, shop, which, loss="multi_class")
    with pytest.raises(BadConfig, match="no outcomes to balance"):
        tune(model, shop, Question(shape="how_much", horizon_days=14), balanced=True)
    study = a_study(shop, STAY, day=DAY)
    train, validation = study.training()
    nobody = [one.take(slice(0, 0)) for one in train]
    with pytest.raises(TooFew, match="nobody has a label"):
        finetune(model, study, nobody, validation)
    alike = [replace(one, truth=np.zeros_like(one.truth)) for one in [*train, validation]]
    with pytest.raises(TooFew, match="the same came true of everybody"):
        finetune(model, study, alike[:-1], alike[-1])


def test_where_nobody_is_held_out_all_steps_are_done(model, shop):
    study = a_study(shop, STAY, day=DAY)
    train, validation = study.training()
    config = FinetuneConfig(method="top", loop=LOOP)
    tuned = finetune(model, study, train, validation.take(slice(0, 0)), config=config)
    assert tuned.steps == 12
    asked = study.sample(study.plan.test)
    assert tuned.predict(study, asked.window, asked.customers).shape == asked.truth.shape


def test_nobody_asked_is_nobody_answered(model, shop):
    nobody = np.zeros(0, np.int64)
    for question in (
        STAY,
        Question(shape="how_much", horizon_days=14),
        Question(shape="which", horizon_days=14, classes=4),
        Question(shape="which", attribute="age"),
    ):
        tuned, said, _ = tune(model, shop, question, refit=False)
        study = a_study(shop, question, day=DAY)
        empty = tuned.predict(study, study.plan.test, nobody)
        assert empty.shape == (0, *said.shape[1:])
    assert isinstance(ZeroInflatedLogNormal().outputs, int)


NEXT = Question(shape="what_next", horizon_days=14)


def test_what_comes_next_is_told_better_than_by_what_sells_most(model, shop):
    study = a_study(shop, NEXT, day=DAY)
    train, validation = study.training()
    config = FinetuneConfig(
        method="lora",
        tuning={"rank": 2},
        loop=LOOP.model_copy(update={"steps": 40}),
        loss_settings={"others": 10},
    )
    tuned = finetune(model, study, train, validation, config=config)
    window = study.plan.test
    customers = study.asked(window)
    ranked = tuned.rank(study, window, customers, most=10)
    assert ranked.items.shape == ranked.scores.shape == (len(customers), 10)
    assert (np.diff(ranked.scores, axis=1) <= 0).all()
    at, items = item_codes(study.ledger, window, deeds=NEXT.deeds)
    sizes = np.diff(at)[customers]
    truth = items[ranges(at[customers], sizes)]
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    _, seen = seen_items(study.ledger, window, deeds=NEXT.deeds)
    popular = np.argsort(-np.bincount(seen, minlength=24))[None, :10].repeat(len(customers), axis=0)
    assert ndcg_at_10(ranked.items, bounds, truth) > 1.1 * ndcg_at_10(popular, bounds, truth)
    with pytest.raises(BadConfig, match="asks for items"):
        tuned.predict(study, window, customers)
    with pytest.raises(BadConfig, match="cannot teach"):
        finetune(model, study, train, validation, config=FinetuneConfig(loss="binary"))


def test_what_a_table_does_not_say_suits_tuning():
    config = FinetuneConfig.read({"loop": {"learning_rate": 0.01}})
    assert (config.loop.steps, config.loop.examine_every, config.loop.learning_rate) == (
        200,
        20,
        0.01,
    )
    assert FinetuneConfig().loop.steps == 200
