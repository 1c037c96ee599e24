"""What answers cost: of labels by the loss, of items by those that came next."""

import numpy as np
import pytest
import torch

from histories import a_model, a_past
from limner.dataset.labels import item_codes
from limner.errors import BadConfig
from limner.heads.question import Question
from limner.training.costs import ItemCosts, LabelCosts
from limner.training.losses.binary import Binary
from limner.training.losses.sampled_softmax import SampledSoftmax
from limner.training.panel import Panel
from limner.training.question_heads import HeadPlan
from limner.training.question_model import QuestionModel
from limner.training.tuned import shelf_of
from shops import a_lively_shop, a_study


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=140, seed=9)


@pytest.fixture(scope="module")
def model(shop):
    return a_model(a_past(shop).known, longest=300)


def laid(shop, model, question, plan):
    study = a_study(shop, question, day=110)
    train, _ = study.training()
    first = train[0]
    taken = None
    if plan.items:
        at, items = item_codes(study.ledger, first.window, deeds=question.deeds)
        sizes = np.diff(at)[first.customers]
        parts = [items[at[code] : at[code + 1]] for code in first.customers]
        taken = np.concatenate([[0], np.cumsum(sizes)]), np.concatenate(parts)
    panel = Panel.of(study.ledger, model.vocabulary, [first], taken=taken)
    return study, panel, QuestionModel(model, plan.make(model)).eval()


def test_labels_cost_what_the_loss_says(shop, model):
    _, panel, whole = laid(shop, model, Question(shape="whether", horizon_days=14), HeadPlan())
    customers = np.arange(10)
    costs, rows = LabelCosts(Binary())(whole, panel, customers, np.random.default_rng(0), part=4)
    said, again = whole.answers(panel, customers, part=4)
    assert np.array_equal(rows, again)
    assert torch.equal(costs, Binary()(said, torch.from_numpy(panel.truth[rows])))


def test_each_item_that_came_next_costs_something_a_few_of_each_label(shop, model):
    question = Question(shape="what_next", horizon_days=14)
    study, panel, whole = laid(shop, model, question, HeadPlan(items=True))
    costs_of = ItemCosts(SampledSoftmax(others=8), shelf_of(study, model.vocabulary))
    customers = np.arange(len(panel))
    found = []
    for _ in range(2):
        with torch.no_grad():
            rng = np.random.default_rng(0)
            found.append(costs_of(whole, panel, customers, rng, part=20))
    costs, rows = found[0]
    assert torch.equal(costs, found[1][0])
    assert (costs > 0).all()
    at, _ = panel.taken
    assert set(rows) == set(np.flatnonzero(np.diff(at)))
    assert np.array_equal(np.bincount(rows, minlength=len(at) - 1), np.diff(at).clip(max=4))


def test_where_nothing_came_next_nothing_is_lost(shop, model):
    question = Question(shape="what_next", horizon_days=14)
    study, panel, whole = laid(shop, model, question, HeadPlan(items=True))
    at, _ = panel.taken
    nothing = np.flatnonzero(np.diff(at)[panel.rows[:, 0]] == 0)[:3]
    costs, rows = ItemCosts(SampledSoftmax(), shelf_of(study, model.vocabulary))(
        whole, panel, nothing, np.random.default_rng(0), part=2
    )
    assert len(costs) == len(rows) == 0


def test_items_are_told_by_drawing_alone(shop, model):
    study = a_study(shop, Question(shape="what_next", horizon_days=14), day=110)
    with pytest.raises(BadConfig, match="items that are drawn"):
        ItemCosts(Binary(), shelf_of(study, model.vocabulary))
