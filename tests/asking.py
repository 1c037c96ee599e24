"""Asking small shops what comes next."""

from datetime import timedelta

import numpy as np

from limner.dataset.cuts import plan_cuts
from limner.dataset.ledger import Ledger
from limner.heads.question import Question
from limner.heads.study import Desk, Study
from shops import START, Shop, a_log, an_event

CUT_DAY = 110


def a_question(
    shop, *, day=CUT_DAY, seed=0, horizon_days=20, among_days=None, behaviour=None, **settings
):
    """Put the question of the next items to a shop at a day; models may stand by."""
    ledger = Ledger.of(shop)
    question = Question(
        shape="what_next", horizon_days=horizon_days, among_days=among_days, **settings
    )
    cut = START + timedelta(days=day)
    plan = plan_cuts(ledger.first, cut, horizon_days=horizon_days)
    return Study(Desk(ledger, None, behaviour=behaviour), "next_item", question, plan, seed)


def names(study, ranked):
    """Return the ranked items by name, a list a customer."""
    return [[str(study.ledger.items[item]) for item in row if item >= 0] for row in ranked.items]


def ask(method, study, customers=None, *, most=10):
    """Return what a method ranks at the test cut for customers, by default for all it asks."""
    window = study.plan.test
    asked = study.asked(window) if customers is None else np.asarray(customers)
    return method.rank(study, window, asked, most=most)


def rhythm():
    """Every customer buys one of 30 items every 16 days and, as often, others just once.

    What is due within the next four days can be told from the rhythm, not from counts.
    """
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(150):
        own = rng.choice(30, 4, replace=False)
        for place, item in enumerate(own):
            rows += [
                an_event(f"c{customer:03}", day + 0.5, item=f"i{item:02}")
                for day in range(place * 4, 120, 16)
            ]
    return Shop(a_log(rows))
