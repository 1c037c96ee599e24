"""A shop as sequences of visits, and the same visits found by a loop that nobody can misread."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.dataset.vocabulary import Vocabulary, VocabularyConfig
from limner.training.codebooks import learn_codebooks
from shops import START

DAY = 100
CUT = START + timedelta(days=DAY)
CUT_US = round(CUT.timestamp() * 1e6)


def sequences_of(shop, *, cut=CUT, longest=None, names=None):
    """Return the ledger, the names and the buckets of a shop."""
    ledger = Ledger.of(shop)
    names = names or names_of(ledger, cut, least_events=1)
    return ledger, names, list(cut_sequences(ledger, names, cut, longest=longest))


def names_of(ledger, cut=CUT, *, least_events=1):
    """Return the names of a ledger, and what its items are like."""
    names = Vocabulary.learn(ledger, cut, config=VocabularyConfig(least_events=least_events))
    return replace(names, codebooks=learn_codebooks(ledger))


def lines_of(one, customer):
    """Return the lines of each visit of a customer: lists of places."""
    return [
        list(range(one.visit_at[visit], one.visit_at[visit + 1]))
        for visit in range(one.visits[customer], one.visits[customer + 1])
    ]


def naive_visits(shop, customer, *, cut=CUT):
    """Return, of each visit before the cut, whether it begins an order, its moment and its items.

    A line without an order is of the order of its moment.
    """
    past = shop.events.filter((pl.col("customer_id") == customer) & (pl.col("time") < cut))
    visits, before = [], None
    lines = past.select(pl.col("time").dt.timestamp("us").alias("us"), "order_id", "item_id")
    for when, order, item in lines.rows():
        key = (order or when, when)
        if key != before:
            visits.append((before is None or key[0] != before[0], when, []))
        visits[-1][2].append(item)
        before = key
    return visits
