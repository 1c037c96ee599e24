"""Segment's calls become events, attributes and catalogue."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from limner.events.mapping import Mapping
from limner.events.readers.segment import Segment
from limner.events.segment_words import ITEM_NAMES, ORDER_NAMES, kind_of
from source_samples import CALLS, lines


def read(folder, calls, mapping=None):
    path = folder / "calls.jsonl"
    path.write_text(lines(calls))
    return next(iter(Segment().read(path, mapping or Mapping(reader="segment"))))


def test_an_order_unfolds_into_its_products_and_shares_its_discount(tmp_path):
    batch = read(tmp_path, CALLS[:1])
    columns = [
        "kind",
        "item_id",
        "order_id",
        "quantity",
        "price",
        "discount",
        "currency",
        "event_id",
    ]
    assert batch.events.select(columns).rows() == [
        ("purchase", "p1", "o1", 2.0, 10.0, 2.0, "EUR", "m1#0"),
        ("purchase", "s2", "o1", None, 10.0, 1.0, "EUR", "m1#1"),
    ]
    kept = json.loads(batch.events["properties"][0])
    assert kept == {"gift": 'a ",null" one', "revenue": "27", "checkout_id": "c1"}
    assert batch.catalogue.select("item_id", "title", "brand", "price").rows() == [
        ("p1", "Hat", "B", 10.0),
        ("s2", None, None, 10.0),
    ]


def test_identify_group_and_alias_tell_of_a_customer_at_their_time(tmp_path):
    batch = read(tmp_path, CALLS)
    at = datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert batch.other_rows == 3
    assert sorted(batch.attributes.rows()) == [
        ("u1", "address", '{"city":"Z"}', at),
        ("u1", "age", "33", at),
        ("u1", "group_id", "g1", at),
        ("u1", "previous_id", "a1", at),
    ]


def test_what_names_nobody_or_is_no_call_is_refused_with_its_line(tmp_path):
    batch = read(tmp_path, CALLS)
    assert sorted(batch.refused.select("line", "reason").rows()) == [
        (7, "customer_missing"),
        (8, "unknown_call"),
    ]


def test_a_time_that_is_missing_is_worked_out_from_when_the_call_was_received(tmp_path):
    batch = read(tmp_path, [CALLS[3]])
    assert batch.events.row(0, named=True)["time"] == "2024-05-01T11:00:00.000000Z"
    assert batch.events["kind"].to_list() == ["page_view"]
    assert json.loads(batch.events["properties"][0]) == {"url": "/", "page": "Home"}


def test_an_anonymous_customer_goes_by_the_other_id_and_a_batch_is_unpacked(tmp_path):
    batch = read(tmp_path, [CALLS[1], CALLS[8]])
    assert batch.events["customer_id"].to_list() == ["a1", "u2", "u2"]
    assert batch.events["kind"].to_list() == ["view", "search", "store_locator_used"]
    assert batch.events["text"].to_list() == [None, "hat", None]
    assert batch.events["_line"].to_list() == [1, 2, 2]


def test_a_refund_without_products_is_one_return_of_its_total(tmp_path):
    call = {
        "type": "track",
        "event": "Order Refunded",
        "userId": "u1",
        "timestamp": "2024-05-01T10:00:00Z",
        "properties": {"order_id": "o1", "total": 27, "currency": "EUR"},
    }
    batch = read(tmp_path, [call])
    assert batch.events.select("kind", "order_id", "price", "item_id").rows() == [
        ("return", "o1", 27.0, None)
    ]


def test_a_review_has_text_and_a_rating_that_may_be_text(tmp_path):
    told = {"product_id": "p1", "review_body": "good", "rating": "4"}
    call = {"type": "track", "event": "Product Reviewed", "userId": "u", "properties": told}
    batch = read(tmp_path, [call])
    assert batch.events.select("kind", "item_id", "text", "rating").rows() == [
        ("review", "p1", "good", "4")
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Products Searched", "search"),
        ("Product List Viewed", "list_view"),
        ("Viewed Product Category", "list_view"),
        ("Product Clicked", "click"),
        ("Viewed Product", "view"),
        ("added  product", "cart"),
        ("Wishlist Product Added to Cart", "cart"),
        ("Removed Product", "uncart"),
        ("Completed Order", "purchase"),
        ("Updated Order", "order_update"),
        ("Order Cancelled", "cancel"),
        ("Coupon Applied", "redeem"),
        ("Product Added to Wishlist", "wish"),
        ("Viewed Checkout Step", "checkout_step"),
        ("Clicked Promotion", "promotion_click"),
        ("Product Shared", "share"),
        ("My Own Event", "my_own_event"),
    ],
)
def test_events_of_both_versions_have_a_kind(event, kind):
    assert kind_of(event) == kind


def test_a_shop_may_name_its_own_events(tmp_path):
    mapping = Mapping(reader="segment", kinds={"Store Locator Used": "visit"})
    assert read(tmp_path, [CALLS[8]], mapping).events["kind"].to_list() == ["search", "visit"]


def test_the_fields_of_the_specification_are_named_once():
    assert not set(ITEM_NAMES) & set(ORDER_NAMES)


def test_properties_that_are_no_object_lose_no_row(tmp_path):
    call = {"type": "track", "event": "Product Viewed", "userId": "u1", "properties": "text"}
    batch = read(tmp_path, [CALLS[1], call])
    assert len(batch.events) == 2


OF_PRODUCTS = {
    "product_id": st.sampled_from(["p1", "p2", 3]),
    "sku": st.sampled_from(["s1", ""]),
    "name": st.sampled_from(["Tea", "茶"]),
    "price": st.sampled_from([2.5, "3,50", 0]),
    "quantity": st.integers(-1, 3),
}
OF_CALLS = {
    "products": st.lists(st.fixed_dictionaries({}, optional=OF_PRODUCTS), max_size=3),
    "order_id": st.sampled_from(["o1", "o2"]),
    "discount": st.sampled_from([1, "0.5"]),
    "total": st.sampled_from([7, "8.25"]),
    "query": st.sampled_from(["green tea", ""]),
    "rating": st.integers(1, 5),
    "colour": st.sampled_from(["green", None]),
}
PROPERTIES = st.fixed_dictionaries({}, optional={**OF_PRODUCTS, **OF_CALLS})


@given(st.lists(PROPERTIES, min_size=1, max_size=4))
def test_whether_properties_that_nobody_has_are_looked_for_changes_nothing(every):
    calls = [
        {"type": "track", "event": "Order Completed", "userId": "u", "properties": each}
        for each in every
    ]
    text, mapping = lines(calls).encode(), Mapping(reader="segment")
    own = {name for each in every for name in each}
    few = Segment().read_calls(text, mapping, own=own, source="x")
    many = Segment().read_calls(text, mapping, own=[*OF_PRODUCTS, *OF_CALLS], source="x")
    assert_frame_equal(few.events, many.events)
    assert_frame_equal(few.catalogue, many.catalogue)
