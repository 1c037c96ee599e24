"""The made-up shop keeps to its truth."""

import numpy as np
import polars as pl
import pytest

from limner.errors import BadConfig
from limner.events.event import CATALOGUE_SCHEMA
from limner.events.log import EventLog
from limner.events.synthetic import ShopConfig, SyntheticShop
from log_tools import take

CONFIG = ShopConfig(events=40_000, customers=400, items=120, categories=6, seed=3)


@pytest.fixture(scope="module")
def shop():
    return SyntheticShop(CONFIG)


@pytest.fixture(scope="module")
def events(shop):
    return shop.events()


def test_it_writes_as_many_events_as_asked_in_the_order_of_time(events):
    assert len(events) == 40_000
    assert events["time"].is_sorted()


@pytest.mark.parametrize("batch_rows", [999, 15_000, 1_000_000])
def test_frames_of_any_size_hold_the_same_events(shop, events, batch_rows):
    batches = list(shop.batches(batch_rows=batch_rows))
    assert all(len(batch) == batch_rows for batch in batches[:-1])
    assert pl.concat(batches).equals(events)


def test_the_same_seed_makes_the_same_shop_and_another_another(events):
    assert SyntheticShop(CONFIG).events().equals(events)
    other = SyntheticShop(CONFIG.model_copy(update={"seed": 4})).events()
    assert not other.equals(events)


def test_nobody_acts_before_coming_or_after_leaving(shop, events):
    truth = pl.DataFrame(
        {
            "customer_id": shop.truth.customers,
            "comes": shop.truth.comes_day,
            "leaves": shop.truth.leaves_day,
        }
    )
    day = (pl.col("time") - CONFIG.begins).dt.total_microseconds() / 86_400_000_000
    found = events.join(truth, on="customer_id").with_columns(day=day)
    assert found.filter(
        (pl.col("day") < pl.col("comes") - 1e-6) | (pl.col("day") > pl.col("leaves"))
    ).is_empty()
    assert shop.truth.alive(0.0).sum() > 100


def test_customers_buy_by_their_taste(shop, events):
    share = shop.truth.tastes[0]
    at = int(
        np.argmax(
            np.bincount(np.searchsorted(shop.truth.customers, events["customer_id"].to_numpy()))
        )
    )
    share = shop.truth.tastes[at]
    own = events.filter(pl.col("customer_id") == str(shop.truth.customers[at])).join(
        shop.catalogue(), on="item_id"
    )
    category = own["category"].str.extract(r"category (\d+)$").cast(pl.Int64).to_numpy()
    found = np.bincount(category, minlength=6) / len(category)
    np.testing.assert_allclose(found, share, atol=4 * np.sqrt(0.25 / len(category)))
    np.testing.assert_allclose(shop.truth.tastes.sum(axis=1), 1.0)


def test_those_who_spend_more_pay_more(shop, events):
    paid = (
        events.group_by("customer_id")
        .agg(pl.col("price").mean(), pl.len())
        .filter(pl.col("len") > 50)
    )
    level = shop.truth.spend_level[
        np.searchsorted(shop.truth.customers, paid["customer_id"].to_numpy())
    ]
    assert np.corrcoef(np.log(level), paid["price"].log())[0, 1] > 0.6


def test_only_purchases_have_orders(events):
    bought = events["kind"] == "purchase"
    assert (events["order_id"].is_not_null() == bought).all()
    assert 0.12 < bought.mean() < 0.18


def test_the_catalogue_has_every_item(shop, events):
    catalogue = shop.catalogue()
    assert catalogue.schema == CATALOGUE_SCHEMA
    assert len(catalogue) == 120
    assert events.join(catalogue, on="item_id", how="anti").is_empty()


def test_a_shop_needs_an_item_a_category():
    with pytest.raises(BadConfig, match="items must be"):
        SyntheticShop(ShopConfig(items=3, categories=4))


def test_a_log_takes_all_of_it(events, tmp_path):
    log = EventLog.create(tmp_path / "log")
    report = take(log, [events.head(5000)])
    assert report.rows_after == 5000 - sum(note.count for note in report.refused.values())
