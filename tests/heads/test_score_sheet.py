"""What a model says becomes scores: probabilities, and amounts on their level."""

import numpy as np
import pytest

from limner.heads.score_sheet import ScoreSheet

SERVED = {
    "horizons_days": [7, 30],
    "class_days": 30,
    "class_names": ["Dairy"],
    "levels": {"orders": [2.0, 3.0], "worth": [1.0, 10.0]},
    "currency": "CNY",
}


def test_scores_stand_in_order_with_their_units():
    sheet = ScoreSheet.of(SERVED)
    assert [each.name for each in sheet.blanks] == [
        "purchase_7",
        "purchase_30",
        "orders_7",
        "orders_30",
        "spend_7",
        "spend_30",
        "category_30:Dairy",
    ]
    assert [each.unit for each in sheet.blanks] == [
        *("probability", "probability", "orders", "orders", "CNY", "CNY", "probability")
    ]
    assert {each.statistic for each in sheet.blanks[2:6]} == {"expected"}


def test_links_worked_by_hand():
    """Log odds of log 3 are three to one; an amount is one less than its exponential, never below 0."""
    sheet = ScoreSheet.of(SERVED)
    said = {
        "window_whether": np.array([[0.0, np.log(3)]]),
        "window_orders": np.array([[np.log(2), np.log(2)]]),
        "window_worth": np.array([[-1.0, np.log(5)]]),
        "class_scores": np.array([[-1000.0]]),
    }
    logs = sheet.logs({name: each.astype(np.float32) for name, each in said.items()})
    assert logs.shape == (1, 7)
    values = sheet.values(logs)
    assert values[0] == pytest.approx([0.5, 0.75, 2.0, 3.0, 0.0, 40.0, 0.0])
    scores = sheet.scores(values[0])
    assert [each.value for each in scores] == pytest.approx(values[0].tolist())
    assert [each.name for each in scores] == [each.name for each in sheet.blanks]


def test_without_levels_amounts_are_typical_and_without_a_currency_they_are_money():
    sheet = ScoreSheet.of(SERVED | {"levels": {}, "currency": None})
    orders, spend = sheet.blanks[2], sheet.blanks[4]
    assert (orders.statistic, orders.unit) == ("typical", "orders")
    assert (spend.statistic, spend.unit) == ("typical", "money")
    assert sheet.levels[2:6].tolist() == [1, 1, 1, 1]


def test_without_heads_there_are_classes_alone():
    sheet = ScoreSheet.of(SERVED | {"horizons_days": []})
    assert sheet.outputs == ("class_scores",)
    assert [each.about for each in sheet.blanks] == ["Dairy"]
