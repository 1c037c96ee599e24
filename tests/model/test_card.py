"""The card tells what a model was made of, when, how well it went, and where it ends."""

import pytest

from histories import a_model, a_past
from limner.model.card import card
from shops import a_lively_shop


@pytest.fixture(scope="module")
def model():
    return a_model(a_past(a_lively_shop(customers=10)).known)


def test_each_fact_stands_under_its_heading(model):
    facts = {
        "seed": 3,
        "shop": "Corner",
        "customers": 60,
        "cut": "2024-04-10",
        "examination": 7.24,
        "volume": {"orders": [1.2, 1.1]},
        "model": {"width": 8, "longest": 16},
        "about": "milk | bread\nand soap",
    }
    text = card(model, facts)
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    assert list(sections) == ["Data", "Dates", "Numbers", "How it was made", "Limits"]
    assert "| shop | Corner |\n| about | milk \\| bread and soap |\n" in sections["Data"]
    assert "| customers | 60 |" in sections["Data"]
    assert "| cut | 2024-04-10 |" in sections["Dates"]
    assert "| examination | 7.24 |\n| volume | orders = 1.2 1.1 |" in sections["Numbers"]
    assert "| seed | 3 |\n| model | width = 8, longest = 16 |" in sections["How it was made"]
    assert "was not made to judge people" in sections["Limits"]


def test_it_says_how_large_the_model_is(model):
    weights = sum(each.numel() for each in model.parameters())
    text = card(model, {})
    assert f"It has {weights:,} weights" in text
    assert "16 visits back at most" in text
    assert "## Data" not in text
    assert "## Limits" in text
