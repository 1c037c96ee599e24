"""The next visit: its gap, its kind and its items, as a loop finds them."""

import numpy as np
import pytest
import torch

from histories import a_lesson, a_past, ask, exercise_of
from limner.dataset.vocabulary import FIELDS
from limner.training.objectives import next_event
from limner.training.objectives.next_event import NextEvent
from shops import Shop, a_lively_shop, a_log, an_event


@pytest.fixture(scope="module")
def lesson():
    torch.manual_seed(0)
    model, setting, teacher = a_lesson(a_past(a_lively_shop(customers=60, days=140, seed=9)))
    return model, NextEvent(setting), teacher


def test_gap_and_kind_are_those_of_the_visit_that_follows(lesson):
    model, objective, teacher = lesson
    exercise = exercise_of(teacher)
    batch = exercise.batch
    width, gaps, kinds = batch.gap_days.shape[1], [], []
    with torch.no_grad():
        terms = ask(objective, model, exercise).tolist()
        states = model.states(batch)
        size = model.vocabulary.size("kind")
        codes = torch.zeros(size, len(FIELDS), dtype=torch.long)
        codes[:, 0] = torch.arange(size)
        vectors = model.encoder.items(codes)
        for b in range(len(batch)):
            for t in range(batch.lengths[b] - 1):
                off = objective.gap(states[b, t]) - np.log1p(batch.gap_days[b, t + 1])
                gaps.append(float(off) ** 2)
                line = np.flatnonzero(batch.visit == b * width + t + 1)[0]
                chances = torch.log_softmax(vectors @ objective.kind(states[b, t]), dim=0)
                kinds.append(-float(chances[batch.codes[line, 0]]))
    assert terms[:2] == pytest.approx([np.mean(gaps), np.mean(kinds)], rel=1e-3)


def test_items_that_follow_a_visit_learn_to_follow_it():
    """Whoever bought milk buys bread next, and the other way round."""
    lines = [
        an_event(f"c{who}", 2 * day + who / 9, item=("milk", "bread")[(day + who) % 2], price=1.0)
        for who in range(8)
        for day in range(45)
    ]
    model, setting, teacher = a_lesson(a_past(Shop(a_log(lines))))
    torch.manual_seed(0)
    objective = NextEvent(setting)
    optimiser = torch.optim.AdamW([*model.parameters(), *objective.parameters()], lr=0.02)
    for step in range(60):
        terms = ask(objective, model, exercise_of(teacher, step, customers=8))
        optimiser.zero_grad()
        terms[2].backward()
        optimiser.step()
    assert terms[2] < 0.1


def test_not_more_visits_are_asked_than_it_takes(lesson, monkeypatch):
    model, objective, teacher = lesson
    monkeypatch.setattr(next_event, "MOST_VISITS", 5)
    seen = []
    hook = objective.gap.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    terms = ask(objective, model, exercise_of(teacher))
    hook.remove()
    assert seen == [5]
    assert torch.isfinite(terms).all()


def test_every_item_is_scored(lesson):
    model, objective, teacher = lesson
    exercise = exercise_of(teacher)
    with torch.no_grad():
        scores = objective.item_scores(model, model.states(exercise.batch)[:, -1])
    assert scores.shape == (len(exercise.batch), len(objective.shelf.counts))
    assert torch.isfinite(scores).all()
