"""Snowplow's words: every deed of a shop is the one that Segment's words would have told."""

import json

import pytest

from limner.events.segment_words import kind_of
from limner.events.snowplow_words import ENRICHED, call_of, enriched

SHOP = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


def said(name, /, **data):
    return {"schema": f"{SHOP}{name}/jsonschema/1-0-0", "data": data}


def deed(kind, *entities, **more):
    action = said("snowplow_ecommerce_action", type=kind, **more)
    return call_of({"event": "unstruct", "unstruct_event": action, "contexts": list(entities)})


TEA = said("product", id="tea", name="Tea", category="Drinks/Tea", price=2.5, quantity=2,
           currency="EUR", brand="Alp")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("product_view", "view"),
        ("list_view", "list_view"),
        ("list_click", "click"),
        ("add_to_cart", "cart"),
        ("remove_from_cart", "uncart"),
        ("checkout_step", "checkout_step"),
        ("transaction", "purchase"),
        ("refund", "return"),
        ("promo_view", "promotion_view"),
        ("promo_click", "promotion_click"),
        ("trns_error", "trns_error"),
    ],
)
def test_each_action_of_the_shop_is_one_of_our_kinds(kind, ours):
    assert kind_of(deed(kind, TEA)["event"]) == ours


def test_an_order_has_its_products_its_number_and_its_currency():
    order = said("transaction", transaction_id="t1", revenue=5, currency="EUR", tax=1)
    told = deed("transaction", TEA, order)["properties"]
    product = {"product_id": "tea", "name": "Tea", "category": "Drinks/Tea", "price": "2.5"}
    assert told["products"] == [product | {"quantity": "2", "brand": "Alp"}]
    assert (told["order_id"], told["currency"], told["revenue"]) == ("t1", "EUR", 5)


def test_the_older_plug_in_speaks_of_the_same():
    action = {
        "schema": "iglu:com.google.analytics.enhanced-ecommerce/action/jsonschema/1-0-0",
        "data": {"action": "purchase"},
    }
    order = {"schema": "iglu:x/actionFieldObject/jsonschema/1-0-0", "data": {"id": "t2"}}
    product = {"schema": "iglu:x/productFieldObject/jsonschema/1-0-0", "data": {"id": "p"}}
    told = call_of({"event": "unstruct", "unstruct_event": action, "contexts": [order, product]})
    assert told["event"] == "Order Completed"
    assert told["properties"] == {"order_id": "t2", "products": [{"product_id": "p"}]}


def test_a_transaction_counts_by_its_items_alone():
    head = {"event": "transaction", "tr_orderid": "t", "tr_total": "9"}
    assert kind_of(call_of(head)["event"]) == "transaction"
    item = {"event": "transaction_item", "ti_orderid": "t", "ti_sku": "p", "ti_price": "4"}
    told = call_of(item)
    assert (told["event"], told["properties"]["order_id"]) == ("Order Completed", "t")
    assert told["properties"]["products"] == [{"product_id": "p", "price": "4"}]


def test_who_it_was():
    user = said("user", id="u9", is_guest=False)
    session = {"schema": "iglu:a/client_session/jsonschema/1-0-2",
               "data": {"userId": "d1", "sessionId": "s1"}}  # fmt: skip
    told = call_of({"event": "page_view", "contexts": [user, session, 5, {"data": 1}]})
    assert (told["userId"], told["anonymousId"]) == ("u9", "d1")
    assert told["properties"]["session_id"] == "s1"
    guest = call_of({"event": "page_view", "contexts": [said("user", id="u9", is_guest=True)]})
    assert guest["userId"] is None


@pytest.mark.parametrize(
    "atom",
    [
        {"event": "zz"},
        {},
        {"event": "struct", "se_action": "play"},
        {"event": "unstruct"},
        {"event": "unstruct", "unstruct_event": {"schema": "nothing", "data": {}}},
    ],
)
def test_what_is_none_says_why(atom):
    assert "must" in call_of(atom)


def test_a_line_of_the_enriched_stream():
    assert len(ENRICHED) == len(set(ENRICHED)) == 131
    unstruct = {"data": said("snowplow_ecommerce_action", type="add_to_cart")}
    told = {"event": "unstruct", "event_id": "e1", "user_id": "u1"}
    told |= {"collector_tstamp": "2026-05-01 10:00:00.500", "unstruct_event": json.dumps(unstruct)}
    told |= {"contexts": json.dumps({"data": [TEA]}), "derived_tstamp": "2026-05-01 09:59:58"}
    atom = enriched("\t".join(told.get(name, "") for name in ENRICHED) + "\r\n")
    assert atom["time"] == "2026-05-01T09:59:58Z"
    assert call_of(atom)["properties"]["products"][0]["product_id"] == "tea"
    assert enriched("a\tb") == "an enriched event must have 131 columns, got 2"
    assert enriched("\t" * 52 + "{" + "\t" * 78) == "contexts must be JSON"
