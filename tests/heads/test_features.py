"""Each rung of the ladder reads its own columns, and questions never read each other's."""

import numpy as np
import pytest

from limner.errors import BadConfig
from limner.heads import features
from limner.heads.question import Question
from shops import COLUMNS, a_lively_shop, a_study

WHETHER = Question(shape="whether", horizon_days=14)
WHICH = Question(shape="which", horizon_days=14, classes=4)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=130, seed=5)


@pytest.fixture(scope="module")
def study(shop):
    return a_study(shop, WHETHER)


def test_each_rung_reads_its_columns(study):
    window = study.plan.test
    customers = study.asked(window)
    everything = features.automatic_block(study, window, customers)
    names = study.desk.aggregates.names
    assert everything.shape == (len(customers), len(names))
    by_hand = features.hand_made_block(study, window, customers)
    assert by_hand.shape[1] == len(features.HAND_MADE) == 17
    for place, name in enumerate(features.HAND_MADE):
        np.testing.assert_array_equal(by_hand[:, place], everything[:, names.index(name)])
    recency = features.recency_block(study, window, customers)
    np.testing.assert_array_equal(recency[:, 0], everything[:, names.index("days since order")])


def test_aggregates_are_computed_once_a_cut(study, monkeypatch):
    window = study.plan.validation
    first = features.automatic_block(study, window, np.array([3, 1]))
    monkeypatch.setattr(type(study.desk.aggregates), "at", None)
    again = features.automatic_block(study, window, np.array([1, 3]))
    np.testing.assert_array_equal(again, first[::-1])


def test_a_column_that_is_not_counted_is_asked_for_by_name(shop):
    narrow = COLUMNS.model_copy(update={"half_lives_days": (5,)})
    study = a_study(shop, WHETHER, config=narrow)
    with pytest.raises(BadConfig, match="decayed orders 7d") as refusal:
        features.column_places(study, ["orders", "decayed orders 7d"])
    assert "half_lives_days" in refusal.value.hint


@pytest.mark.parametrize(
    "change",
    [
        {"among_days": 10},
        {"active": ("view",)},
        {"where": {"department": ("D0",)}},
        {"event": ("view",)},
        {"of": "brand"},
    ],
)
def test_questions_at_one_desk_do_not_read_each_others_pairs(shop, change):
    one = a_study(shop, WHICH)
    changed = WHICH.model_copy(update=change)
    shared, alone = a_study(shop, changed, desk=one.desk), a_study(shop, changed)
    window = one.plan.test
    features.pair_history(one, window, one.asked(window))
    customers = alone.asked(window)
    np.testing.assert_array_equal(shared.asked(window), customers)
    np.testing.assert_array_equal(
        features.pair_history(shared, window, customers).values,
        features.pair_history(alone, window, customers).values,
    )


def test_samples_are_laid_under_one_another(study):
    train, validation = study.training()
    block = features.recency_block
    table, truth = features.stack_samples(study, [*train, validation], block)
    assert truth.tolist() == np.concatenate([s.truth for s in (*train, validation)]).tolist()
    last = block(study, validation.window, validation.customers)
    np.testing.assert_array_equal(table[-len(last) :], last)


def test_too_many_rows_are_drawn_by_the_seed(study):
    train, _ = study.training()
    total = sum(len(sample.customers) for sample in train)
    draw = [
        features.stack_samples(study, train, features.recency_block, most=total // 3)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(draw[0][0], draw[1][0])
    assert len(draw[0][0]) == len(draw[0][1])
    assert 0.15 * total < len(draw[0][0]) < 0.55 * total
