"""A tiny shop whose numbers can be worked by hand."""

from datetime import UTC, datetime

import polars as pl
import pytest

from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def as_of():
    return AS_OF


@pytest.fixture
def a_log():
    """Return a function that makes a log of rows: (who, when, kind, item, order, price) and more."""

    def make(*rows, **columns):
        names = ["customer_id", "time", "kind", "item_id", "order_id", "price"]
        table = []
        for row in rows:
            more = row[-1] if isinstance(row[-1], dict) else {}
            plain = dict.fromkeys(EVENT_SCHEMA.names()) | {"currency": "USD"} | columns
            plain |= dict(zip(names, row[: len(names)], strict=True)) | more
            plain["time"] = datetime.fromisoformat(plain["time"]).replace(tzinfo=UTC)
            table.append(plain)
        return pl.DataFrame(table, schema=EVENT_SCHEMA, orient="row").lazy()

    return make


@pytest.fixture
def catalogue():
    rows = [
        ("milk", "Milk 1 l", "Food > Dairy > Milk", "Meadow"),
        ("cheese", "Cheese", "Food > Dairy > Cheese", "Meadow"),
        ("cream", "Cream", "Food > Dairy > Cream", "Alp"),
        ("soap", "Soap", "Home > Bath", None),
    ]
    table = [dict.fromkeys(CATALOGUE_SCHEMA.names()) for _ in rows]
    for plain, row in zip(table, rows, strict=True):
        plain |= dict(zip(("item_id", "title", "category", "brand"), row, strict=True))
    return pl.DataFrame(table, schema=CATALOGUE_SCHEMA)


@pytest.fixture
def shop(a_log):
    """One bucket: ann comes every ten days, ben once and brings it back, eve only looks."""
    return a_log(
        ("ann", "2024-01-01T09:00", "purchase", "milk", "a1", 2.0, {"quantity": 3.0}),
        ("ann", "2024-01-01T09:00", "purchase", "cheese", "a1", 6.0, {"discount": 1.0}),
        ("ann", "2024-01-11T09:30", "purchase", "milk", "a2", 2.0),
        ("ann", "2024-01-21T10:00", "view", "cream", None, None),
        ("ann", "2024-01-21T10:05", "purchase", "soap", None, 4.0),
        ("ann", "2024-01-21T10:05", "purchase", "milk", None, 2.0),
        ("ann", "2024-02-20T09:10", "purchase", "cream", "a4", 3.0),
        ("ben", "2024-02-10T20:00", "purchase", "soap", "b1", 4.0),
        ("ben", "2024-02-12T20:00", "return", "soap", "b1", 4.0),
        ("eve", "2024-02-28T12:00", "view", "milk", None, None),
        ("eve", "2024-02-29T12:00", "cart", "milk", None, 2.0),
    )


NOW = datetime(2024, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def inputs():
    """Answers for ann and ben, and a ranking for ann: milk again, and soap, which is hers too."""
    import numpy as np

    from limner.profiles.inputs import PredictionInput, RankedInput

    who = ["ann", "ben"]
    factors = {
        "factor_names": ("orders", "recency_days"),
        "factor_indices": np.array([[1, 0], [0, -1]]),
        "factor_effects": np.array([[0.4, -0.2], [-0.1, 0.0]]),
        "factor_values": np.array([[9.6, 4.0], [1.0, 0.0]]),
    }
    chances = np.array([[0.2, 0.7], [0.1, 0.05]])
    predictions = (
        PredictionInput(
            "churn", "whether", 14, "probability", "m1", who, np.array([0.12, 0.6]), **factors
        ),
        PredictionInput("orders", "how_many", 30, "orders", "m1", who, np.array([2.0, 0.1])),
        PredictionInput("spend", "how_much", 30, "USD", "m1", who, np.array([18.0, 1.0])),
        PredictionInput(
            "category", "which", 30, "probability", "m1", who, chances, classes=("Bath", "Dairy")
        ),
    )
    ranked = RankedInput(
        "reranked",
        who,
        ["milk", "cheese", "soap", "yoghurt", "rare", "cream"],
        np.array([[0, 3, 4], [5, 1, 4]]),
        np.array([[0.9, 0.5, 0.1], [0.8, 0.4, 0.2]]),
        np.array([[-1, -1, -1], [-1, 2, -1]]),
    )
    return {"predictions": predictions, "ranked": ranked}


@pytest.fixture
def attributes():
    from limner.events.event import ATTRIBUTES_SCHEMA

    early, late = datetime(2024, 1, 5, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    rows = [
        ("ann", "town", "Ulm", early),
        ("ann", "town", "Bonn", datetime(2024, 2, 1, tzinfo=UTC)),
        ("ann", "town", "Rome", late),
        ("ann", "age", "35-44", None),
        ("ann", "alias", "ann@shop", early),
    ]
    return pl.DataFrame(rows, schema=ATTRIBUTES_SCHEMA, orient="row")


@pytest.fixture
def draw(catalogue, as_of):
    """Return a function that draws a log as its profiles by id."""
    from limner.profiles.portrait import portray
    from limner.profiles.references import learn_references

    def make(*buckets, listed=None, **parts):
        listed = catalogue if listed is None else listed
        references = learn_references(buckets, listed, as_of=as_of)
        drawn = portray(buckets, references, **{"computed_at": NOW} | parts)
        return {profile.customer_id: profile for profile in drawn}

    return make


@pytest.fixture
def profiles(draw, shop, inputs, attributes):
    return draw(shop, attributes=attributes, model_version="m1", **inputs)


@pytest.fixture
def ann(profiles):
    return profiles["ann"]
