"""A shop's customers as events, and a model of it in a folder that needs no torch."""

import json

import polars as pl
import torch

from histories import HORIZONS, a_model
from limner.dataset.live import ItemCodes
from limner.events.event import Event
from limner.events.merging import settle
from limner.model.checkpoint import Served, save_behaviour
from shops import Shop
from visits import CUT

LEVELS = {"orders": (1.25, 1.5), "worth": (2.0, 3.0)}


def settled(shop):
    """Return the shop as its log would hold it: each moment ordered by content, nothing twice."""
    rows = shop.events.with_columns(
        _source=pl.lit(0, pl.Int32), _line=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    kept = settle(rows).kept.drop("_source", "_line")
    also = Shop(kept, catalogue=shop.catalogue(), buckets=shop.buckets)
    also.vectors = shop.vectors
    return also


def events_of(shop):
    """Return the events of each customer, in the order of the log."""
    found = {}
    for row in shop.events.iter_rows(named=True):
        told = row | {"properties": json.loads(row["properties"] or "{}")}
        found.setdefault(row["customer_id"], []).append(Event(**told))
    return found


def some_heads(width, *, seed=0):
    """Return heads that learned nothing, of :data:`~histories.HORIZONS`."""
    chance = torch.Generator().manual_seed(seed)
    return {
        f"{name}.{part}": torch.randn(len(HORIZONS), *more, generator=chance)
        for name in ("whether", "orders", "worth")
        for part, more in (("weight", (width,)), ("bias", ()))
    }


def a_folder(past, folder, *, backbone="recurrent", cut=CUT, levels=LEVELS, **settings):
    """Save a model that learned nothing, with heads, and return the model and its heads."""
    model = a_model(past.known, backbone=backbone, **settings)
    heads = some_heads(model.config.width)
    items = ItemCodes.of(past.ledger, past.known.vocabulary)
    served = Served(items, HORIZONS, 30, levels, "CNY")
    facts = {"cut": cut.isoformat()} if cut else {}
    save_behaviour(model, folder, facts=facts, heads=heads, served=served)
    return model, heads
