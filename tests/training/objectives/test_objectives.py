"""What must hold of every file of the folder of objectives."""

from dataclasses import replace

import pytest
import torch

from histories import a_lesson, a_past, ask, exercise_of
from limner import plugins
from limner.training import objectives
from shops import Shop, a_lively_shop, a_log, an_event


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=60, days=140, seed=9))


@pytest.fixture(params=plugins.names(objectives))
def make(request):
    def made(setting):
        torch.manual_seed(0)
        return plugins.load(objectives, request.param)(setting)

    return made


def test_it_has_a_finite_term_for_each_of_its_names(make, past):
    model, setting, teacher = a_lesson(past)
    objective = make(setting)
    assert isinstance(objective.slices, bool)
    terms = ask(objective, model, exercise_of(teacher))
    assert terms.shape == (len(objective.names),)
    assert torch.isfinite(terms).all()
    assert (terms > 0).all()
    terms.sum().backward()
    for name, each in objective.named_parameters():
        assert each.grad is not None, name
        assert torch.isfinite(each.grad).all()
    assert any((each.grad != 0).any() for each in model.parameters() if each.grad is not None)


def test_the_same_chance_says_the_same(make, past):
    model, setting, teacher = a_lesson(past)
    objective = make(setting)
    one, other = (ask(objective, model, exercise_of(teacher, 2)) for _ in range(2))
    assert torch.equal(one, other)


@pytest.mark.parametrize("backbone", ["recurrent", "transformer"])
def test_its_terms_fall(make, past, backbone):
    """Asked of batches that it was not taught with, of the same few customers."""
    model, setting, teacher = a_lesson(past, backbone=backbone)
    objective = make(setting)

    def examined():
        with torch.no_grad():
            asked = [ask(objective, model, exercise_of(teacher, 1000 + at)) for at in range(4)]
        return torch.stack(asked).mean(dim=0)

    before = examined()
    optimiser = torch.optim.AdamW([*model.parameters(), *objective.parameters()], lr=0.01)
    for step in range(40):
        optimiser.zero_grad()
        ask(objective, model, exercise_of(teacher, step)).sum().backward()
        optimiser.step()
    after = examined()
    assert (after < before).all(), dict(
        zip(objective.names, (after - before).tolist(), strict=True)
    )


def test_without_slices_it_is_finite(make, past):
    model, setting, teacher = a_lesson(past)
    exercise = replace(exercise_of(teacher), slices=None)
    assert torch.isfinite(ask(make(setting), model, exercise)).all()


ODD = {
    "no category": Shop(a_lively_shop(customers=20, days=120, seed=1).events, buckets=2),
    "nothing but views": Shop(
        a_log(
            [an_event(f"c{who}", day, "view", "i") for who in range(4) for day in range(0, 90, 9)]
        )
    ),
    "one item": Shop(
        a_log([an_event(f"c{who}", day, "purchase", "i") for who in range(4) for day in range(40)])
    ),
    "no item": Shop(
        a_log([an_event(f"c{who}", day, "visit") for who in range(4) for day in range(0, 90, 7)])
    ),
    "single visits": Shop(
        a_log([an_event(f"c{who}", who, "purchase", f"i{who}", price=2.0) for who in range(4)])
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_shop_has_finite_terms_and_gradients(make, odd):
    model, setting, teacher = a_lesson(a_past(ODD[odd]))
    objective = make(setting)
    for step in range(4):
        terms = ask(objective, model, exercise_of(teacher, step, customers=4))
        assert torch.isfinite(terms).all()
        if terms.requires_grad:
            terms.sum().backward()
    for each in [*model.parameters(), *objective.parameters()]:
        assert each.grad is None or torch.isfinite(each.grad).all()
