"""Small shops in memory: by hand, at random, or with habits that can be learned."""

import zlib
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
from hypothesis import strategies as st

from limner.dataset.aggregates import Aggregates, AggregatesConfig
from limner.dataset.cuts import plan_cuts
from limner.dataset.ledger import Ledger
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.item_vectors import ItemVectors
from limner.heads.study import Desk, Study

START = datetime(2024, 1, 1, tzinfo=UTC)


class Shop:
    """A log in memory, as a ledger wants it: buckets by customer, sorted by customer and time."""

    def __init__(self, events, *, catalogue=None, attributes=None, buckets=1):
        self.events = events.sort("customer_id", "time", maintain_order=True)
        self._catalogue = catalogue if catalogue is not None else a_catalogue({})
        self._attributes = attributes if attributes is not None else told([])
        self.buckets, self.vectors = buckets, {}
        numbers = [zlib.crc32(one.encode()) % buckets for one in self.events["customer_id"]]
        self._bucket = pl.Series(numbers, dtype=pl.Int64)

    def scan(self, *, bucket=None, before=None):
        found = self.events if bucket is None else self.events.filter(self._bucket == bucket)
        return (found if before is None else found.filter(pl.col("time") < before)).lazy()

    def catalogue(self):
        return self._catalogue

    def attributes(self):
        return self._attributes

    def item_vectors(self):
        return self.vectors

    def also(self, events):
        """Return the shop with more events."""
        return Shop(
            pl.concat([self.events, events]),
            catalogue=self._catalogue,
            attributes=self._attributes,
            buckets=self.buckets,
        )

    def cut_into(self, buckets):
        """Return the same shop in so many buckets."""
        return Shop(
            self.events, catalogue=self._catalogue, attributes=self._attributes, buckets=buckets
        )


def seen(shop, *, looks=("image", "text"), width=6, seed=0):
    """Return the shop with vectors of its items: those of one category lie near each other."""
    rng = np.random.default_rng(seed)
    known = shop.catalogue()
    ids = known["item_id"].to_numpy().astype(np.str_)
    _, group = np.unique(known["category"].fill_null("").to_numpy(), return_inverse=True)
    also = Shop(shop.events, catalogue=known, attributes=shop.attributes(), buckets=shop.buckets)
    for look in looks:
        typical = rng.standard_normal((group.max(initial=0) + 1, width))
        vectors = typical[group] + 0.1 * rng.standard_normal((len(ids), width))
        also.vectors[look] = ItemVectors(ids, vectors.astype(np.float32), f"made up {seed}")
    return also


def an_event(customer, day, kind="purchase", item=None, **more):
    """Return one row; ``day`` is a number of days since the start, or a moment."""
    row = dict.fromkeys(EVENT_SCHEMA.names())
    time = day if isinstance(day, datetime) else START + timedelta(days=day)
    return row | {"customer_id": customer, "time": time, "kind": kind, "item_id": item} | more


def a_log(rows):
    return pl.DataFrame(rows, schema=EVENT_SCHEMA)


def a_catalogue(items):
    """Return a catalogue from item -> (category path, brand)."""
    rows = [
        dict.fromkeys(CATALOGUE_SCHEMA.names())
        | {"item_id": item, "category": category, "brand": brand}
        for item, (category, brand) in items.items()
    ]
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA)


def told(rows):
    """Return attributes from (customer, name, value) or (customer, name, value, known at)."""
    return pl.DataFrame([(*row, None)[:4] for row in rows], schema=ATTRIBUTES_SCHEMA, orient="row")


CATALOGUE = {
    "milk": ("Food > Dairy > Milk", "Meadow"),
    "cheese": ("Food > Dairy > Cheese", "Alp"),
    "bread": ("Food > Bakery", "Meadow"),
    "salt": ("Food", None),
    "soap": ("Home > Bath > Soap", "Alp"),
    "bag": (None, "Meadow"),
}

moments = st.one_of(
    st.integers(0, 120).map(float), st.floats(0, 120, width=32), st.sampled_from([59.5, 60.0])
)
rows = st.builds(
    an_event,
    customer=st.sampled_from(["ann", "ben", "eve", "zoe"]),
    day=moments,
    kind=st.sampled_from(["purchase", "purchase", "view", "return", "message"]),
    item=st.sampled_from([None, "stranger", *CATALOGUE]),
    order_id=st.sampled_from([None, "o1", "o2", "o3"]),
    quantity=st.sampled_from([None, 1.0, 2.5]),
    price=st.sampled_from([None, 0.0, 0.25, 2.0, 2.0, 19.75]),
    discount=st.sampled_from([None, 0.0, 0.25]),
)
logs = st.lists(rows, min_size=1, max_size=40).map(a_log)
"""Small logs with everything that is odd: ties, nulls, strangers, returns, nothing but views."""


def a_lively_shop(*, customers=120, days=150, seed=0, buckets=2, items=24):
    """Return a shop whose customers have a pace, a taste and a purse of their own."""
    rng = np.random.default_rng(seed)
    columns = {name: [] for name in ("customer", "day", "kind", "item", "order", "price")}
    prices = np.round(rng.lognormal(1, 0.7, items), 2)
    for customer in range(customers):
        pace, taste = rng.gamma(1.5, 6) + 1.5, rng.dirichlet(np.full(items, 0.15))
        stop = days if rng.random() < 0.6 else rng.uniform(0.2, 1) * days
        orders = np.cumsum(rng.exponential(pace, 400)) + rng.uniform(0, 10)
        for number, day in enumerate(orders[orders < stop]):
            for item in rng.choice(items, rng.integers(1, 4), p=taste):
                for kind in ("view", "purchase")[rng.random() < 0.7 :]:
                    columns["customer"].append(f"c{customer:04}")
                    columns["day"].append(day - (kind == "view") / 1440)
                    columns["kind"].append(kind)
                    columns["item"].append(f"i{item:02}")
                    columns["order"].append(f"o{number}" if kind == "purchase" else None)
                    columns["price"].append(prices[item])
    since = np.maximum(np.array(columns["day"]) * 86_400e6, 0).astype(np.int64)
    events = pl.DataFrame(
        {
            "customer_id": columns["customer"],
            "time": since + int(START.timestamp() * 1_000_000),
            "kind": columns["kind"],
            "item_id": columns["item"],
            "order_id": columns["order"],
            "quantity": np.ones(len(since)),
            "price": columns["price"],
        }
    )
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in EVENT_SCHEMA.items()
        if name not in events.columns
    ]
    catalogue = a_catalogue(
        {
            f"i{item:02}": (f"D{item % 2} > C{item % 6}", f"B{item % 4}" if item % 3 else None)
            for item in range(items)
        }
    )
    frame = events.with_columns(missing).select(
        pl.col(name).cast(dtype) for name, dtype in EVENT_SCHEMA.items()
    )
    return Shop(frame, catalogue=catalogue, buckets=buckets)


COLUMNS = AggregatesConfig(
    windows_days=(7, 14, 30, 60, 90),
    departments=2,
    categories=4,
    brands=2,
    bands=3,
    hashed=2,
)
"""Aggregates as narrow as the methods allow."""


def a_study(shop, question, *, day=110, seed=0, name="asked", config=COLUMNS, desk=None):
    """Put a question to a shop at a day, at a desk of its own or at one that others use too."""
    ledger = Ledger.of(shop) if desk is None else desk.ledger
    cut = START + timedelta(days=day)
    plan = plan_cuts(ledger.first, cut, horizon_days=question.horizon_days)
    desk = desk or Desk(ledger, Aggregates(config).fit(ledger, before=plan.validation.cut))
    return Study(desk, name, question, plan, seed)


def quicken(monkeypatch):
    """Let every ensemble be small and quick."""
    from limner.heads import amount_head, pooled, stacked
    from limner.heads.boosted import TreesConfig

    small = TreesConfig(
        trees=10, ensembles=2, leaves=7, least_in_leaf=15, learning_rate=0.15, threads=1
    )
    bagged = TreesConfig(bagged=True, trees=10, ensembles=1, leaves=15, threads=1)
    pairs = small.model_copy(update={"trees": 25, "ensembles": 1, "columns": 0.6})
    monkeypatch.setattr(stacked, "boosted_trees", lambda: small)
    monkeypatch.setattr(stacked, "few_trees", lambda: small)
    monkeypatch.setattr(stacked, "bagged_trees", lambda: bagged)
    monkeypatch.setattr(pooled, "pooled_trees", lambda: pairs)
    few = partial(
        amount_head.AmountConfig,
        trees=15,
        trees_on_prior=10,
        ensembles=1,
        learning_rate=0.1,
        threads=1,
    )
    monkeypatch.setattr(amount_head, "AmountConfig", few)


def planted(day=110):
    """Return events at the cut and after it of every odd sort: they must move nothing before it."""
    cut = START + timedelta(days=day)
    return a_log(
        [
            an_event(customer, cut + timedelta(days=later), kind, item, price=price, **more)
            for customer in ("c0001", "c0002", "c0050", "a newcomer", "zz newcomer")
            for later, kind, item, price, more in (
                (0, "purchase", "i00", 1e6, {"order_id": "o1", "quantity": 100.0}),
                (0, "view", "i23", None, {}),
                (0.5, "a new deed", None, None, {}),
                (1, "purchase", "a new thing", 3.0, {"order_id": "o1"}),
                (2, "redeem", "zz new thing", None, {}),
                (40, "return", "i01", 5.0, {}),
            )
        ]
    )
