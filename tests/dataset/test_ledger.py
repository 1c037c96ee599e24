"""The log as codes: nothing is lost, nothing is mixed up, whatever the buckets."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings

from limner.dataset import ledger as module
from limner.dataset.ledger import LEDGER_SCHEMA, Ledger
from limner.errors import TooFew
from shops import CATALOGUE, START, Shop, a_catalogue, a_log, an_event, logs


def decoded(ledger):
    """Return every row with its names again, sorted."""
    found = []
    for start, count, part in ledger.parts():
        assert part.schema == LEDGER_SCHEMA
        assert part["customer"].is_between(start, start + count - 1).all()
        for row in part.iter_rows(named=True):
            item = row["item"]
            category = row["category"]
            found.append(
                (
                    str(ledger.customers[row["customer"]]),
                    row["time"],
                    ledger.kinds[row["kind"]],
                    None if item is None else str(ledger.items[item]),
                    None if category is None else ledger.categories[category],
                    row["amount"],
                )
            )
    return sorted(found, key=repr)


@settings(max_examples=25, deadline=None)
@given(logs)
def test_every_event_comes_back_under_its_names(events):
    shop = Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=3)
    ledger = Ledger.of(shop)
    expected = []
    for row in events.to_dicts():
        path = CATALOGUE.get(row["item_id"], (None, None))[0]
        steps = None if path is None else path.split(" > ")
        category = None if steps is None else steps[min(2, len(steps)) - 1]
        pieces = 1.0 if row["quantity"] is None else row["quantity"]
        worth = 0.0 if row["price"] is None else row["price"] * pieces - (row["discount"] or 0.0)
        worth *= -1 if row["kind"] == "return" else 1
        expected.append(
            (row["customer_id"], row["time"], row["kind"], row["item_id"], category, worth)
        )
    assert decoded(ledger) == sorted(expected, key=repr)
    assert ledger.rows == len(events)
    assert set(ledger.customers.tolist()) == set(events["customer_id"])
    assert ledger.first == events["time"].min()
    assert ledger.last == events["time"].max()


def test_the_category_is_the_asked_step_of_the_path_or_its_last():
    shop = Shop(
        a_log([an_event("ann", 1, item=item) for item in CATALOGUE]),
        catalogue=a_catalogue(CATALOGUE),
    )
    deep, broad = Ledger.of(shop, level=3), Ledger.of(shop, level=1)
    of = dict(zip(deep.items.tolist(), deep.item_category.tolist(), strict=True))
    assert deep.categories[of["milk"]] == "Milk"
    assert deep.categories[of["bread"]] == "Bakery"
    assert deep.categories[of["salt"]] == "Food"
    assert of["bag"] == -1
    assert broad.categories == broad.departments == ("Food", "Home")


def test_an_item_of_the_catalogue_that_nobody_touched_has_a_code_too():
    shop = Shop(a_log([an_event("ann", 1)]), catalogue=a_catalogue(CATALOGUE))
    assert Ledger.of(shop).items.tolist() == sorted(CATALOGUE)


def test_an_item_that_stands_twice_in_the_catalogue_keeps_its_last_line():
    twice = a_catalogue({"milk": ("Old", None)}).vstack(a_catalogue({"milk": ("New", None)}))
    ledger = Ledger.of(Shop(a_log([an_event("ann", 1, item="milk")]), catalogue=twice))
    assert ledger.categories == ("New",)
    assert ledger.rows == 1
    assert sum(len(part) for _, _, part in ledger.parts()) == 1


def test_orders_are_told_apart_by_id_or_else_by_time():
    log = a_log(
        [
            an_event("ann", 1, order_id="a"),
            an_event("ann", 2, order_id="a"),
            an_event("ann", 2),
            an_event("ann", 2),
            an_event("ann", 3),
        ]
    )
    ((_, _, part),) = Ledger.of(Shop(log)).parts()
    assert part["order"].n_unique() == 3


def test_before_leaves_out_what_comes_at_the_moment_and_after():
    log = a_log([an_event("ann", 1), an_event("ben", 2, "view"), an_event("eve", 3, "cart")])
    ledger = Ledger.of(Shop(log), before=START + timedelta(days=2))
    assert ledger.customers.tolist() == ["ann"]
    assert ledger.kinds == ("purchase",)
    assert ledger.last == START + timedelta(days=1)


def test_an_empty_log_is_refused():
    with pytest.raises(TooFew, match="no event"):
        Ledger.of(Shop(a_log([])))
    with pytest.raises(TooFew, match="no event"):
        Ledger.of(Shop(a_log([an_event("ann", 1)])), before=START)


def test_an_empty_bucket_is_passed_over():
    ledger = Ledger.of(Shop(a_log([an_event("ann", 1)]), buckets=8))
    assert [(start, count) for start, count, _ in ledger.parts()] == [(0, 1)]


def test_a_log_too_large_for_memory_gives_the_same_parts(lively, monkeypatch):
    kept = Ledger.of(lively)
    monkeypatch.setattr(module, "CACHED_ROWS", 0)
    read_again = Ledger.of(lively)
    for (_, _, one), (_, _, other) in zip(kept.parts(), read_again.parts(), strict=True):
        assert one.equals(other)
    assert next(iter(kept.parts()))[2] is next(iter(kept.parts()))[2]
    assert next(iter(read_again.parts()))[2] is not next(iter(read_again.parts()))[2]


def test_names_and_codes_answer_each_other(lively):
    ledger = Ledger.of(lively)
    assert ledger.kind_codes(["view", "never seen"]) == [ledger.kinds.index("view")]
    assert ledger.names_of("brand") == ledger.brands
    assert len(ledger) == len(np.unique(ledger.customers))
