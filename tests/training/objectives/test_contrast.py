"""Two parts of one history are near each other: by a loop, and after some steps."""

import numpy as np
import pytest
import torch

from histories import a_lesson, a_past, ask, exercise_of
from limner.training.objectives.contrast import TEMPERATURE, Contrast
from shops import a_lively_shop


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=60, days=140, seed=9))


def an_objective(setting):
    torch.manual_seed(0)
    return Contrast(setting)


def test_it_is_how_surprising_the_other_part_is(past):
    model, setting, teacher = a_lesson(past)
    objective, exercise = an_objective(setting), exercise_of(teacher)
    with torch.no_grad():
        term = float(ask(objective, model, exercise))
        vectors = objective.read(model.vectors(exercise.slices)[:, 0]).double().numpy()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = []
    for n, own in enumerate(vectors):
        near = {m: np.exp(own @ each / TEMPERATURE) for m, each in enumerate(vectors) if m != n}
        found.append(-np.log(near[n + 1 if n % 2 == 0 else n - 1] / sum(near.values())))
    assert term == pytest.approx(np.mean(found), rel=1e-4)


def test_one_customer_alone_cannot_be_told_from_others(past):
    model, setting, teacher = a_lesson(past)
    exercise = exercise_of(teacher, customers=1)
    assert len(exercise.slices) == 2
    assert ask(an_objective(setting), model, exercise).tolist() == [0]


def test_it_learns_who_is_who(past):
    model, setting, teacher = a_lesson(past)
    objective = an_objective(setting)
    optimiser = torch.optim.AdamW([*model.parameters(), *objective.parameters()], lr=0.01)
    for step in range(80):
        optimiser.zero_grad()
        ask(objective, model, exercise_of(teacher, step)).sum().backward()
        optimiser.step()
    with torch.no_grad():
        found = model.vectors(exercise_of(teacher, 999, customers=20).slices)[:, 0]
        found = torch.nn.functional.normalize(objective.read(found), dim=-1)
        near = (found @ found.T).fill_diagonal_(-2)
    right = near.argmax(dim=1) == torch.arange(len(found)) ^ 1
    assert right.float().mean() > 0.2  # by chance it would be one in thirty-nine
