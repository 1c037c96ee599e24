"""A small source for each reader, as somebody would have it, with how many rows it makes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

CALLS: list[dict[str, Any]] = [
    {
        "type": "track",
        "event": "Order Completed",
        "userId": "u1",
        "messageId": "m1",
        "timestamp": "2024-05-01T10:00:00Z",
        "properties": {
            "order_id": "o1",
            "checkout_id": "c1",
            "currency": "EUR",
            "discount": 3,
            "revenue": 27,
            "gift": 'a ",null" one',
            "products": [
                {"product_id": "p1", "price": "10", "quantity": 2, "name": "Hat", "brand": "B"},
                {"sku": "s2", "price": 10.0},
            ],
        },
    },
    {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": "a1",
        "messageId": "m2",
        "timestamp": "2024-05-01T09:00:00Z",
        "properties": {"product_id": "p1", "price": 10},
    },
    {
        "type": "identify",
        "userId": "u1",
        "timestamp": "2024-05-01T10:00:00Z",
        "traits": {"age": 33, "address": {"city": "Z"}},
    },
    {
        "type": "page",
        "userId": "u1",
        "name": "Home",
        "originalTimestamp": "2024-05-01T10:00:00Z",
        "sentAt": "2024-05-01T10:00:10Z",
        "receivedAt": "2024-05-01T11:00:10Z",
        "properties": {"url": "/"},
    },
    {"type": "alias", "userId": "u1", "previousId": "a1", "timestamp": "2024-05-01T10:00:00Z"},
    {"type": "group", "userId": "u1", "groupId": "g1", "timestamp": "2024-05-01T10:00:00Z"},
    {"type": "identify", "traits": {"age": 1}},
    {"type": "nonsense", "userId": "u9"},
    {
        "batch": [
            {
                "type": "track",
                "event": "Products Searched",
                "userId": "u2",
                "timestamp": "2024-05-02T10:00:00Z",
                "properties": {"query": "hat"},
            },
            {
                "type": "track",
                "event": "Store Locator Used",
                "userId": "u2",
                "timestamp": "2024-05-02T10:01:00Z",
            },
        ],
        "sentAt": "2024-05-02T10:02:00Z",
    },
]

EXPORT: list[dict[str, Any]] = [
    {
        "event_date": "20240501",
        "event_timestamp": 1714557600000000,
        "event_name": "purchase",
        "user_id": None,
        "user_pseudo_id": "p.1",
        "event_params": [
            {"key": "currency", "value": {"string_value": "EUR", "int_value": None}},
            {"key": "ga_session_id", "value": {"string_value": None, "int_value": 77}},
        ],
        "ecommerce": {"transaction_id": "t1", "purchase_revenue": 27.5},
        "items": [
            {
                "item_id": "i1",
                "item_name": "Hat",
                "item_category": "Clothes",
                "item_category2": "Hats",
                "price": 10.0,
                "discount": 1.0,
                "quantity": 2,
            },
            {
                "item_id": "i2",
                "item_name": "Pin",
                "item_category": "(not set)",
                "item_category2": None,
                "price": 7.5,
                "discount": None,
                "quantity": None,
            },
        ],
    },
    {
        "event_date": "20240501",
        "event_timestamp": 1714557601000000,
        "event_name": "search",
        "user_id": "u2",
        "user_pseudo_id": "p.2",
        "event_params": [
            {"key": "search_term", "value": {"string_value": "hat", "int_value": None}},
            {"key": "page_location", "value": {"string_value": "/search", "int_value": None}},
        ],
        "ecommerce": {"transaction_id": None, "purchase_revenue": None},
        "items": [],
    },
    {
        "event_date": "20240501",
        "event_timestamp": 1714557602000000,
        "event_name": "purchase",
        "user_id": None,
        "user_pseudo_id": "p.3",
        "event_params": [],
        "ecommerce": {"transaction_id": "(not set)", "purchase_revenue": 5.0},
        "items": [],
    },
]

ORDERS = "user_id,time,item_id,event,price\nu1,2024-05-01,i1,view,\nu2,2024-05-02,i2,buy,9.50\n"


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def orders() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "CustomerID": [17850, None, 13047],
            "InvoiceDate": ["2010-12-01 08:26", "2010-12-01 08:28", "2010-12-01 08:34"],
            "StockCode": ["85123A", "71053", "84406B"],
            "Description": ["HOLDER", "LANTERN", "HANGER"],
            "Quantity": [6, -1, 8],
            "UnitPrice": [2.55, 3.39, 2.75],
            "Country": ["France", "France", "Spain"],
        }
    )


def journey(folder: Path) -> Path:
    """Write a tiny Complete Journey: four lines of two households, one coupon, one campaign."""
    folder.mkdir()
    day = pl.lit("2017-01-03").str.to_datetime(time_unit="ns")
    pl.DataFrame(
        {
            "household_id": [1, 1, 2, 2],
            "store_id": [330, 330, 331, 331],
            "basket_id": [10, 10, 11, 11],
            "product_id": [100, 101, 100, 102],
            "quantity": [2, 1, 0, 0],
            "sales_value": [3.0, 1.5, 2.0, 0.0],
            "retail_disc": [0.5, 0.0, 0.25, 0.4],
            "coupon_disc": [0.0, 0.75, 0.0, 0.0],
            "coupon_match_disc": [0.25, 0.0, 0.0, 0.0],
            "week": [1, 1, 1, 1],
        }
    ).with_columns(transaction_timestamp=day).write_parquet(folder / "transactions.parquet")
    pl.DataFrame(
        {"household_id": [1], "coupon_upc": [51380041013], "campaign_id": [26]}
    ).with_columns(redemption_date=day).write_parquet(folder / "coupon_redemptions.parquet")
    pl.DataFrame({"campaign_id": [26, 26], "household_id": [1, 2]}).write_parquet(
        folder / "campaigns.parquet"
    )
    pl.DataFrame({"campaign_id": [26], "campaign_type": ["Type A"]}).with_columns(
        start_date=day, end_date=day
    ).write_parquet(folder / "campaign_descriptions.parquet")
    pl.DataFrame(
        {
            "product_id": [100, 101, 102],
            "manufacturer_id": [2, 69, 69],
            "department": ["GROCERY", "PASTRY", None],
            "brand": ["National", "Private", "Private"],
            "product_category": ["FRZN ICE", "BREAD", None],
            "product_type": ["ICE", None, None],
            "package_size": ["22 LB", None, None],
        }
    ).write_parquet(folder / "products.parquet")
    pl.DataFrame(
        {
            "household_id": [1],
            "age": ["65+"],
            "income": ["35-49K"],
            "home_ownership": ["Homeowner"],
            "marital_status": [None],
            "household_size": ["2"],
            "household_comp": ["2 Adults"],
            "kids_count": ["0"],
        },
        schema_overrides={"marital_status": pl.String},
    ).write_parquet(folder / "demographics.parquet")
    return folder


def database(path: Path) -> str:
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE orders (customer_id, order_date TEXT, sku TEXT, price)")
        rows = [(1, "2024-05-01", "a", 3.5), ("b", "2024-05-02", "c", "4,0")]
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    return f"sql+sqlite:///{path}?table=orders"


OTTO = (
    '{"session":1,"events":[{"aid":5,"ts":1661724000278,"type":"clicks"},'
    '{"aid":6,"ts":1661724000279,"type":"orders"}]}\n{"session":2,"events":[]}\n'
)
TAOBAO = "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n"
RETAILROCKET = (
    "timestamp,visitorid,event,itemid,transactionid\n"
    "1433221332117,257597,view,355908,\n1433221332118,257597,transaction,355908,4000\n"
)
REES46 = (
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    "2019-10-01 00:00:00 UTC,view,44600062,21038,,shiseido,35.79,541312140,72d7\n"
    "2019-10-01 00:00:01 UTC,remove_from_cart,39,20130,a.b,aqua,33.20,554748717,9333\n"
)
ACTIONS = lines([{"user": {"id": "u1"}, "ts": 1714557600, "action": "view", "sku": "a"}] * 2)

FILES: dict[str, tuple[str, str, int]] = {
    "csv": ("orders.csv", ORDERS, 2),
    "ga4": ("export.json", lines(EXPORT), 4),
    "json_lines": ("events.jsonl", ACTIONS, 2),
    "otto": ("train.jsonl", OTTO, 3),
    "rees46": ("2019-Oct.csv", REES46, 2),
    "retailrocket": ("events.csv", RETAILROCKET, 2),
    "segment": ("calls.jsonl", lines(CALLS), 11),
    "taobao": ("UserBehavior.csv", TAOBAO, 2),
}
"""For a reader of texts: the name of a file, what is in it, and how many rows that makes."""


def sample(reader: str, folder: Path) -> tuple[Any, int]:
    """Return a source of the reader's kind, and how many rows it has as batches count them."""
    if reader in FILES:
        name, text, rows = FILES[reader]
        (folder / name).write_text(text)
        return folder / name, rows
    if reader == "parquet":
        orders().write_parquet(folder / "orders.parquet")
        return folder / "orders.parquet", 3
    made = {
        "complete_journey": lambda: (journey(folder / "journey"), 4 + 1 + 2 + 1 + 3 + 1),
        "frame": lambda: (orders(), 3),
        "sql": lambda: (database(folder / "shop.db"), 2),
    }
    assert reader in made, f"write a sample for the reader {reader}"
    return made[reader]()
