"""Heads of a question: where they begin, what they read, and what of a model they leave frozen."""

import numpy as np
import pytest
import torch

from histories import a_model, a_past, everybody
from limner.training.question_heads import ClassHead, HeadPlan, Joint, VectorHead
from shops import a_lively_shop


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=30, days=140, seed=9))


@pytest.fixture(scope="module")
def asked(past):
    model, batch = a_model(past.known), everybody(past.buckets[0], moments=2)
    with torch.no_grad():
        return model, batch, model.vectors(batch)


def test_a_head_of_the_same_classes_begins_as_the_models_own_scores(asked):
    model, batch, vectors = asked
    head = ClassHead(model, "category", model.class_names)
    assert head.fresh == []
    with torch.no_grad():
        own = model.class_scores(batch, vectors)
        assert torch.allclose(head(model, batch, vectors), own, atol=1e-5)


def test_classes_may_stand_in_another_order_and_new_ones_have_a_history_too(asked):
    model, batch, vectors = asked
    names = [*reversed(model.class_names), "nothing like it"]
    head = ClassHead(model, "category", names)
    assert head.fresh == [len(names) - 1]
    with torch.no_grad():
        own = model.class_scores(batch, vectors).flip(-1)
        said = head(model, batch, vectors)
    assert torch.allclose(said[..., :-1], own, atol=1e-5)
    brands = ClassHead(model, "brand", model.vocabulary.names["brand"])
    with torch.no_grad():
        said = brands(model, batch, vectors)
    assert said.shape == (*vectors.shape[:2], len(brands.fresh))
    assert said.std(dim=0).max() > 0, "whoever bought of a brand has another score"


def test_a_head_has_weights_of_its_own(asked):
    model, batch, vectors = asked
    head = ClassHead(model, "category", model.class_names)
    with torch.no_grad():
        for each in head.parameters():
            each.zero_()
        assert head(model, batch, vectors).abs().max() == 0
        assert model.class_scores(batch, vectors).abs().max() > 0


def test_a_head_upon_the_vector_knows_nothing_at_first(asked):
    model, batch, vectors = asked
    assert torch.equal(VectorHead(8)(model, batch, vectors), torch.zeros(vectors.shape[:2]))
    for outputs, flat in ((3, True), (1, False)):
        said = VectorHead(8, outputs=outputs, flat=flat)(model, batch, vectors)
        assert said.shape == (*vectors.shape[:2], outputs)


def test_what_is_counted_moves_nothing_at_first_and_something_then():
    torch.manual_seed(0)
    joint = Joint(8, 5, hidden=6, dropout=0.0)
    vectors, columns = torch.randn(3, 2, 8), torch.randn(3, 2, 5)
    assert torch.equal(joint(vectors, columns), vectors)
    joint(vectors, columns).square().sum().backward()
    assert joint.move.weight.grad.abs().sum() > 0
    with torch.no_grad():
        joint.move.weight.normal_()
    assert not torch.equal(joint(vectors, columns), joint(vectors, 0 * columns))


def test_a_plan_makes_the_head_it_tells_of_and_freezes_what_that_does_not_read(asked):
    model, _, _ = asked
    for plan, kind in (
        (HeadPlan(), VectorHead),
        (HeadPlan(outputs=4, flat=False), VectorHead),
        (HeadPlan(field="brand", names=("B0", "B1")), ClassHead),
    ):
        assert HeadPlan.from_dict(plan.to_dict()) == plan
        assert isinstance(plan.make(model), kind)
    base = HeadPlan().base(model)
    frozen = {
        name.split(".")[0] for name, each in base.named_parameters() if not each.requires_grad
    }
    assert frozen == {"class_table", "class_kind", "class_who", "own", "item_read", "item_own"}
    assert all(each.requires_grad for each in model.parameters())
    assert np.array_equal(base.known.edges["price"], model.known.edges["price"])
