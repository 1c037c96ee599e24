"""A question as a lesson: the same step draws the same, and what is added to the loss is added."""

import numpy as np
import pytest
import torch

from histories import a_model, a_past
from limner.heads.question import Question
from limner.model.tuning.adalora import AdaLora
from limner.model.tuning.full import Full
from limner.training.costs import LabelCosts
from limner.training.losses.binary import Binary
from limner.training.panel import Panel
from limner.training.question_heads import HeadPlan
from limner.training.question_lesson import QuestionLesson, balance
from limner.training.question_model import QuestionModel
from limner.training.renewal import Anchor
from limner.training.robust import Adversary
from shops import a_lively_shop, a_study

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=80, days=140, seed=9)


@pytest.fixture(scope="module")
def panels(shop):
    study = a_study(shop, Question(shape="whether", horizon_days=14, nothing=True), day=110)
    known = a_past(shop).known
    train, validation = study.training()
    return (
        known,
        Panel.of(study.ledger, known.vocabulary, train),
        Panel.of(study.ledger, known.vocabulary, [validation]),
    )


def a_lesson(panels, *, way=None, held_out=True, **more):
    known, panel, other = panels
    model = a_model(known, dropout=0.0)
    change = (way or Full()).tune(model, steps=20)
    torch.manual_seed(0)
    head = HeadPlan().make(model)
    torch.nn.init.normal_(head.read.weight)
    return QuestionLesson(
        QuestionModel(change.model, head),
        change,
        costs=LabelCosts(Binary()),
        panel=panel,
        held_out=other if held_out else None,
        customers=16,
        seed=0,
        **more,
    )


def number(loss):
    return float(loss.detach())


def test_a_step_and_a_draw_decide_the_batch(panels):
    lesson = a_lesson(panels)
    assert number(lesson.loss(3, 0)) == number(lesson.loss(3, 0))
    assert number(lesson.loss(3, 0)) != number(lesson.loss(4, 0))
    assert number(lesson.loss(3, 0)) != number(lesson.loss(3, 1))


def test_the_loss_is_the_mean_of_the_labels_of_the_batch(panels):
    lesson = a_lesson(panels)
    rng = np.random.default_rng([0, 5, 0])
    customers = rng.choice(len(lesson.panel), 16, replace=False)
    with torch.no_grad():
        said, rows = lesson.module.answers(lesson.panel, customers)
    truth = torch.from_numpy(lesson.panel.truth[rows])
    assert number(lesson.loss(5, 0)) == pytest.approx(
        number(Binary()(said, truth).mean()), rel=1e-5
    )


def test_labels_count_as_they_are_weighed(panels):
    truth = panels[1].truth
    yes = a_lesson(panels, weights=truth)
    rng = np.random.default_rng([0, 5, 0])
    customers = rng.choice(len(yes.panel), 16, replace=False)
    with torch.no_grad():
        said, rows = yes.module.answers(yes.panel, customers)
    came = truth[rows] > 0
    costs = Binary()(said[torch.from_numpy(came)], torch.ones(int(came.sum())))
    assert number(yes.loss(5, 0)) == pytest.approx(number(costs.mean()), rel=1e-5)


def test_who_is_held_out_examines_once_the_change_is_settled(panels):
    def examined(lesson):
        with torch.no_grad():
            return lesson.examine()

    lesson = a_lesson(panels)
    assert examined(lesson) == examined(lesson) > 0
    assert examined(a_lesson(panels, held_out=False)) is None
    adaptive = a_lesson(panels, way=AdaLora(rank=1, first_rank=2))
    assert examined(adaptive) is None
    for done in range(1, 11):
        adaptive.loss(done - 1, 0).backward()
        adaptive.after(done)
        assert (examined(adaptive) is None) == (done < 10)


def test_what_a_change_an_adversary_and_an_anchor_cost_is_added(panels):
    plain = number(a_lesson(panels).loss(0, 0))
    lesson = a_lesson(panels)
    lesson.adversary = Adversary(lesson.module.model.encoder)
    assert number(lesson.loss(0, 0)) > 1.5 * plain
    lesson = a_lesson(panels)
    named = dict(lesson.module.named_parameters())
    places = {name: each.detach() + 1 for name, each in named.items()}
    lesson.anchor = Anchor(places, {name: torch.ones_like(each) for name, each in places.items()})
    lesson.hold = 0.01
    count = sum(each.numel() for each in places.values())
    assert number(lesson.loss(0, 0)) == pytest.approx(plain + 0.01 * count / 2, rel=1e-4)
    lesson = a_lesson(panels, way=AdaLora(rank=1, first_rank=2))
    before = number(lesson.loss(0, 0))
    with torch.no_grad():
        for name, each in lesson.module.named_parameters():
            if "lora_B" in name:
                each.mul_(3)
    assert number(lesson.loss(0, 0)) > before + 1


def test_balanced_outcomes_together_count_alike():
    """One of four is a yes: it counts 2, each no 2/3; of classes alone, each a third of four."""
    assert balance(np.array([1.0, 0, 0, 0], np.float32), alone=False).tolist() == pytest.approx(
        [2, 2 / 3, 2 / 3, 2 / 3]
    )
    truth = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    assert balance(truth, alone=True).tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    several = balance(truth, alone=False)
    assert (several * truth).sum(axis=0) == pytest.approx((several * (1 - truth)).sum(axis=0))
