"""A visit's names are hidden: what was hidden cannot be read, what came before can."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from histories import a_lesson, a_past, ask, exercise_of
from limner.dataset.vocabulary import FIELDS
from limner.training.objectives.masked_event import SHARE, MaskedEvent
from shops import a_lively_shop


@pytest.fixture(scope="module")
def lesson():
    torch.manual_seed(0)
    model, setting, teacher = a_lesson(a_past(a_lively_shop(customers=60, days=140, seed=9)))
    return model, MaskedEvent(setting), teacher


def test_what_is_hidden_is_not_read(lesson, monkeypatch):
    """Names of hidden visits are all nought when the model reads; the others stay as they were."""
    model, objective, teacher = lesson
    exercise, read = exercise_of(teacher), []
    states = model.states(exercise.batch)
    plain = type(model).states
    monkeypatch.setattr(
        type(model), "states", lambda own, batch: read.append(batch) or plain(own, batch)
    )
    before = exercise.batch.codes.copy()
    objective(model, exercise, states, None)
    (blind,) = read
    changed = (blind.codes != before).any(axis=1)
    assert not blind.codes[changed].any()
    hidden = np.unique(exercise.batch.visit[changed])
    assert len(hidden) == round(SHARE * (exercise.batch.lines > 0).sum())
    # A visit is hidden as a whole.
    assert changed.sum() == np.isin(exercise.batch.visit, hidden).sum()
    assert (exercise.batch.codes == before).all()


def test_the_truth_is_which_categories_a_hidden_visit_had(lesson):
    model, objective, teacher = lesson
    exercise = exercise_of(teacher, 7)
    batch, found = exercise.batch, []
    with torch.no_grad():
        term = float(ask(objective, model, exercise))
        held = np.flatnonzero(batch.lines.reshape(-1) > 0)
        count = max(1, round(SHARE * len(held)))
        hidden = np.random.default_rng(7).choice(held, count, replace=False)
        codes = batch.codes.copy()
        codes[np.isin(batch.visit, hidden)] = 0
        states = model.states(replace(batch, codes=codes)).flatten(0, 1)
        for place in hidden:
            scores = model.class_table(objective.read(states[place])).numpy()
            category = batch.codes[batch.visit == place, FIELDS.index("category")]
            for c in range(model.classes):
                chance = 1 / (1 + np.exp(-scores[c]))
                found.append(-np.log(chance if c + 1 in category else 1 - chance))
    assert term == pytest.approx(np.mean(found), rel=1e-4)
