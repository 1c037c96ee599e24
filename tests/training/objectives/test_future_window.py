"""Windows ahead: an answer for every horizon, and each term as a loop finds it."""

import numpy as np
import pytest
import torch

from histories import HORIZONS, a_lesson, a_past, ask, exercise_of
from limner.training.objectives.future_window import ITEM_MOMENTS, FutureWindow
from limner.training.sampling import choose_items
from shops import a_lively_shop


@pytest.fixture(scope="module")
def lesson():
    torch.manual_seed(0)
    model, setting, teacher = a_lesson(a_past(a_lively_shop(customers=60, days=140, seed=9)))
    return model, FutureWindow(setting), teacher


def log_loss(said, true):
    chance = 1 / (1 + np.exp(-float(said)))
    return -np.log(chance if true else 1 - chance)


def test_the_heads_answer_for_every_horizon(lesson):
    said = lesson[1].answers(torch.zeros(5, 8))
    assert {name: answer.shape for name, answer in said.items()} == dict.fromkeys(
        ("whether", "orders", "worth"), (5, len(HORIZONS))
    )


def test_terms_are_means_over_known_futures(lesson):
    model, window, teacher = lesson
    exercise = exercise_of(teacher)
    batch, future = exercise.batch, exercise.future
    assert not future.known.all()
    with torch.no_grad():
        terms = ask(window, model, exercise).tolist()
        vectors = model.vectors(batch)
        said = {name: each.numpy() for name, each in window.answers(vectors.flatten(0, 1)).items()}
        scores = model.class_scores(batch, vectors).flatten(0, 1).numpy()
    found = [[], [], [], []]
    for n in range(len(future.known)):
        if batch.last.reshape(-1)[n] < 0:
            continue
        for h in np.flatnonzero(future.known[n]):
            found[0].append(log_loss(said["whether"][n, h], future.orders[n, h] > 0))
            found[1].append((said["orders"][n, h] - np.log1p(future.orders[n, h])) ** 2)
            found[2].append((said["worth"][n, h] - np.log1p(future.worth[n, h])) ** 2)
        if future.classes_known[n]:
            truth = future.classes[n]
            found[3] += [log_loss(scores[n, c], truth[c]) for c in range(len(truth))]
    assert terms[:4] == pytest.approx([np.mean(each) for each in found], rel=1e-4)


def test_an_item_bought_stands_against_those_that_were_not(lesson):
    """The others that one customer bought are no mistakes, also where they were not taken."""
    model, window, teacher = lesson
    exercise = exercise_of(teacher, 3)
    batch, future = exercise.batch, exercise.future
    assert np.diff(future.bought_at).max() > 4
    with torch.no_grad():
        term = float(ask(window, model, exercise)[4])
        bought = [
            set(future.bought[a:b].tolist())
            for a, b in zip(future.bought_at, future.bought_at[1:], strict=False)
        ]
        # Of each customer's moments the first ones are asked for items.
        first = np.arange(batch.last.size) % batch.last.shape[1] < ITEM_MOMENTS
        asked = future.classes_known & (batch.last.reshape(-1) >= 0) & first
        pairs = np.array(
            [(n, item) for n, own in enumerate(bought) if asked[n] for item in sorted(own)]
        )
        choice = choose_items(
            window.shelf.counts,
            np.random.default_rng(3),
            rows=pairs[:, 0],
            items=pairs[:, 1],
            others=len(window.shelf.counts),
        )
        vectors = model.vectors(batch)
        codes = window.shelf.codes[choice.items]
        scores = model.item_scores(batch, vectors, items=choice.items, codes=codes)
    logits = scores.flatten(0, 1).numpy() - choice.log_drawn
    found = []
    for n, place in zip(choice.rows, choice.places, strict=True):
        wrong = [k for k, item in enumerate(choice.items) if item not in bought[n]]
        among = np.exp(logits[n, [place, *wrong]] - logits[n, place])
        found.append(np.log(among.sum()))
    assert term == pytest.approx(np.mean(found), rel=1e-4)
