"""What was written before a cut, and what is said of items."""

from datetime import timedelta

import numpy as np
import polars as pl

from limner.dataset.ledger import Ledger
from limner.dataset.written import item_texts, written
from limner.events.event import CATALOGUE_SCHEMA
from shops import START, Shop, a_log, an_event

CUT = START + timedelta(days=10)


def test_only_what_was_written_strictly_before_the_cut_counts_the_newer_the_more():
    rows = [
        an_event("a", 0, "review", text="old"),
        an_event("a", 8, "search", text="new"),
        an_event("b", 8, "review", text=""),
        an_event("b", 9, "view"),
        an_event("c", 10, "review", text="at the cut"),
        an_event("c", 11, "review", text="later"),
    ]
    ledger = Ledger.of(Shop(a_log(rows), buckets=3))
    found = list(written(ledger, CUT, half_life_days=2.0))
    assert [each.texts for each in found] == [("old", "new")]
    assert ledger.customers[found[0].customers].tolist() == ["a", "a"]
    assert np.allclose(found[0].weights, [2.0**-5, 0.5])


def test_an_item_is_told_by_all_that_its_catalogue_says():
    catalogue = pl.DataFrame(
        [
            dict.fromkeys(CATALOGUE_SCHEMA.names())
            | {"item_id": "tea", "title": "Green tea", "category": "Food > Tea", "brand": "Leaf"},
            dict.fromkeys(CATALOGUE_SCHEMA.names()) | {"item_id": "cup", "description": "a cup"},
        ],
        schema=CATALOGUE_SCHEMA,
    )
    rows = [an_event("a", 0, "view", item="tea"), an_event("a", 1, "view", item="unknown")]
    ledger = Ledger.of(Shop(a_log(rows), catalogue=catalogue))
    told = dict(zip(ledger.items.tolist(), item_texts(ledger), strict=True))
    assert told == {"tea": "Green tea. Food, Tea. Leaf", "cup": "a cup", "unknown": ""}
