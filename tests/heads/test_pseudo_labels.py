"""Pseudo-labels: the surest are believed, as many yes among them as are expected."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from limner.dataset.cuts import Window
from limner.errors import BadConfig
from limner.heads.pseudo_labels import learn_with_pseudo_labels
from limner.heads.study import Sample

WINDOW = Window(datetime(2024, 1, 1, tzinfo=UTC), 14)


class ByCode:
    """Says of every customer their code over 100, and remembers what it learned from."""

    def __init__(self):
        self.learned = []

    def learn(self, study, train, validation):
        self.learned.append((train, validation))
        return SimpleNamespace(predict=lambda _study, _window, customers: customers / 100)


def a_study(shape="whether"):
    return SimpleNamespace(name="churn", question=SimpleNamespace(shape=shape))


def a_sample(codes, truth):
    return Sample(WINDOW, np.asarray(codes, np.int64), np.asarray(truth, np.float64))


def test_the_surest_get_labels_at_the_known_rate():
    method = ByCode()
    train, held = a_sample([1, 2, 3], [0, 1, 0]), a_sample([4], [0])
    untold = a_sample(range(10, 50), np.full(40, np.nan))
    learn_with_pseudo_labels(method, a_study(), [train], held, untold=[untold], share=0.4)
    (first, _), (second, validation) = method.learned
    assert first == [train]
    assert validation is held
    added = second[-1]
    assert added.customers.tolist() == [*range(10, 22), *range(46, 50)]
    assert added.truth.tolist() == [0] * 12 + [1] * 4


def test_nobody_untold_changes_nothing():
    method = ByCode()
    train, held = a_sample([1, 2], [0, 1]), a_sample([4], [0])
    learn_with_pseudo_labels(method, a_study(), [train], held, untold=[])
    assert method.learned[0][0] == method.learned[1][0]


def test_amounts_have_no_pseudo_labels():
    with pytest.raises(BadConfig, match="pseudo-labels are for 'whether'"):
        learn_with_pseudo_labels(ByCode(), a_study("how_much"), [], a_sample([1], [0]), untold=[])
