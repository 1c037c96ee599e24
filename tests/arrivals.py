"""Arrivals to a living store: some events, read and cleaned."""

from datetime import UTC, datetime, timedelta

import polars as pl

from limner.events.event import EVENT_SCHEMA, Event
from limner.events.refusals import nothing_refused
from limner.profiles.live import Arrival

T0 = datetime(2024, 5, 1, 10, tzinfo=UTC)
NOW_US = 1_714_557_600_000_000


def buy(customer="ann", event_id="e1", *, order="o1", day=0.0, price=2.5, quantity=2.0, **more):
    return Event(
        T0 + timedelta(days=day),
        customer,
        "purchase",
        event_id=event_id,
        order_id=order,
        item_id=more.pop("item_id", "milk"),
        price=price,
        quantity=quantity,
        **more,
    )


def view(customer="ann", event_id=None, *, day=0.0, item_id="milk"):
    return Event(T0 + timedelta(days=day), customer, "view", event_id=event_id, item_id=item_id)


def frame(*events):
    rows = [each.to_row() for each in events]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA).with_row_index("_line", offset=1)


def arrival(*events, refused=None, catalogue=None, attributes=None):
    bad = nothing_refused() if refused is None else refused
    return Arrival(frame(*events), bad, catalogue, attributes)
