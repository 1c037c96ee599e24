"""All customers together come to what came."""

import numpy as np
import pytest
import torch
from torch import nn

from histories import HORIZONS, a_model, a_past
from limner.dataset.sequences import DAY_US
from limner.training.levels import learn_levels
from shops import Shop, a_lively_shop, a_log, an_event
from visits import CUT, CUT_US


class Saying(nn.Module):
    """Heads that say the same of everybody."""

    horizons_days = HORIZONS

    def __init__(self, orders, worth):
        super().__init__()
        self.said = {"orders": orders, "worth": worth}

    def answers(self, vectors):
        ones = torch.ones(*vectors.shape[:-1], len(HORIZONS))
        return {name: ones * np.log1p(value) for name, value in self.said.items()}


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=60, days=130, seed=7))


def levels(past, orders=2.0, worth=4.0, **more):
    model = a_model(past.known)
    return learn_levels(past.ledger, CUT, model=model, window=Saying(orders, worth), **more)


def test_a_level_is_what_came_over_what_was_said(past):
    """Counted by a loop: of everybody seen before, one horizon before the cut."""
    found = levels(past)
    for place, days in enumerate(HORIZONS):
        moment = CUT_US - days * DAY_US
        asked = orders = worth = 0
        for one in past.buckets:
            for customer in range(len(one)):
                if one.first_us[customer] >= moment:
                    continue
                asked += 1
                lines = np.arange(one.at[customer], one.at[customer + 1])
                lines = lines[(one.time_us[lines] >= moment) & one.bought[lines]]
                orders += one.begins[lines].sum()
                worth += one.numbers[lines, 2].astype(np.float64).sum()
        assert found["orders"][place] == pytest.approx(orders / (2 * asked))
        assert found["worth"][place] == pytest.approx(worth / (4 * asked), rel=1e-5)


def test_some_customers_stand_for_all(past):
    found, whole = levels(past, most=40), levels(past)
    assert found == levels(past, most=40)
    assert found != levels(past, most=40, seed=1)
    assert found["orders"][1] == pytest.approx(whole["orders"][1], rel=0.4)


def test_where_nothing_came_or_nothing_was_said_nothing_is_changed(past):
    assert levels(past, orders=0.0, worth=-0.5) == {"orders": (1, 1), "worth": (1, 1)}
    quiet = a_past(Shop(a_log([an_event("ann", day, "view") for day in range(90)])))
    assert levels(quiet) == {"orders": (1, 1), "worth": (1, 1)}


def test_the_model_goes_on_learning(past):
    model = a_model(past.known).train()
    learn_levels(past.ledger, CUT, model=model, window=Saying(1.0, 1.0))
    assert model.training
