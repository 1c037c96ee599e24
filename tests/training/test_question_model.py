"""A model with a head: what it says of labels does not depend on who is read beside them."""

import numpy as np
import pytest
import torch

from histories import a_model, a_past
from limner.heads.question import Question
from limner.training.panel import Panel
from limner.training.question_heads import HeadPlan, Joint
from limner.training.question_model import QuestionModel
from shops import a_lively_shop, a_study


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=50, days=140, seed=9)


@pytest.fixture(scope="module")
def known(shop):
    return a_past(shop).known


@pytest.fixture(scope="module")
def samples(shop):
    study = a_study(shop, Question(shape="which", horizon_days=14, classes=4), day=100)
    train, validation = study.training()
    return study, [*train, validation]


@pytest.mark.parametrize(
    "plan",
    [
        HeadPlan(),
        HeadPlan(outputs=3),
        HeadPlan(outputs=1, flat=False),
        HeadPlan(field="category", names=("C0", "C1", "C2")),
    ],
)
def test_labels_are_answered_alike_in_parts_of_any_size(known, samples, plan):
    study, given = samples
    panel = Panel.of(study.ledger, known.vocabulary, given)
    model = a_model(known, longest=300)
    torch.manual_seed(0)
    whole = QuestionModel(model, plan.make(model)).eval()
    with torch.no_grad():
        for each in whole.head.parameters():
            each.normal_()
        found = []
        for part in (7, 100):
            said, rows = whole.answers(panel, np.arange(len(panel)), part=part)
            assert sorted(rows) == list(range(len(panel.truth)))
            found.append(said[torch.from_numpy(np.argsort(rows))])
    assert torch.allclose(*found, atol=1e-4)
    shape = (len(panel.truth),) + (
        (3,) if plan.names else () if whole.head.flat else (plan.outputs,)
    )
    assert found[0].shape == shape


def test_each_label_has_its_own_columns(known, samples):
    study, given = samples
    total = sum(len(one.customers) for one in given)
    columns = np.random.default_rng(0).normal(size=(total, 3)).astype(np.float32)
    panel = Panel.of(study.ledger, known.vocabulary, given, columns=columns)
    model = a_model(known)
    torch.manual_seed(0)
    joint = Joint(8, 3, hidden=4, dropout=0.0)
    with torch.no_grad():
        joint.move.weight.normal_()
    whole = QuestionModel(model, HeadPlan().make(model, columns=3), joint).eval()
    classes = QuestionModel(model, HeadPlan(field="category", names=("C0",)).make(model), joint)
    customers = np.arange(9)
    asked = panel.asked(customers, longest=16)
    with torch.no_grad():
        vectors = whole.vectors(panel, asked).flatten(0, 1)[torch.from_numpy(asked.places)]
        plain = model.vectors(asked.batch).flatten(0, 1)[torch.from_numpy(asked.places)]
        expected = joint(plain, torch.from_numpy(columns[asked.rows]))
        of_classes = classes.eval().vectors(panel, asked).flatten(0, 1)
        assert whole(panel, asked).shape == (len(asked.rows),)
    assert torch.allclose(vectors[:, :8], expected, atol=1e-5)
    assert np.array_equal(vectors[:, 8:].numpy(), columns[asked.rows])
    assert torch.allclose(of_classes[torch.from_numpy(asked.places)], expected, atol=1e-5)
