"""Google Analytics 4: the Measurement Protocol."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, final

from limner.service.wire import Delivery, Malformed, Sending, pack

__all__ = ["Ga4"]

_EVENTS = {
    "view_item_list": "Product List Viewed",
    "select_item": "Product Clicked",
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "add_to_wishlist": "Product Added to Wishlist",
    "view_cart": "Cart Viewed",
    "begin_checkout": "Checkout Started",
    "add_shipping_info": "Checkout Step Completed",
    "add_payment_info": "Payment Info Entered",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "view_promotion": "Promotion Viewed",
    "select_promotion": "Promotion Clicked",
    "search": "Products Searched",
    "view_search_results": "Products Searched",
}
"""What GA4's e-commerce events are called by Segment, whose words we read."""
_ITEM = {
    "item_id": "product_id",
    "item_name": "name",
    "item_brand": "brand",
    "item_variant": "variant",
    "index": "position",
    "price": "price",
    "quantity": "quantity",
    "coupon": "coupon",
}
_PARAMS = {
    "transaction_id": "order_id",
    "search_term": "query",
    "payment_type": "payment_method",
    "shipping_tier": "shipping_method",
    "item_list_id": "list_id",
    "promotion_id": "promotion_id",
    "ga_session_id": "session_id",
    "session_id": "session_id",
}
_ABOUT = ("client_id", "user_id", "timestamp_micros")
"""What a body says of all its events."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US = 253_402_300_799_000_000


@final
class Ga4:
    """Takes ``{client_id, user_id, timestamp_micros, events: [{name, params}]}``.

    GA4 gives its events no id. A purchase or a refund is known by its ``transaction_id``;
    what has none is as often as it is sent.
    """

    paths: Sequence[str] = ("ga4/collect",)

    def schema(self, path: str) -> dict[str, Any]:  # noqa: ARG002 - there is one address
        """Return the JSON schema of a body of the Measurement Protocol."""
        events = {"type": "array", "maxItems": 2_500, "items": {"type": "object"}}
        words = {"client_id": {"type": "string"}, "user_id": {"type": ["string", "null"]}}
        return {
            "type": "object",
            "required": ["client_id", "events"],
            "properties": {**words, "events": events},
        }

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take the events apart; raises Malformed."""
        if not isinstance(body, dict) or not isinstance(body.get("events"), list):
            raise Malformed('the body must have "client_id" and a list "events"')
        user, client = body.get("user_id"), body.get("client_id")
        if not isinstance(user if user is not None else client, str):
            raise Malformed('the body must have the text "client_id" or "user_id"')

        now = sending.received

        def shape(event: dict[str, Any]) -> tuple[str, dict[str, Any]] | str:
            name, params = event.get("name"), event.get("params", {})
            if not isinstance(name, str) or not name:
                return "an event must have the text 'name'"
            if not isinstance(params, dict):
                return "params must be a JSON object"
            when = _when(event.get("timestamp_micros", body.get("timestamp_micros")), now)
            if isinstance(when, str):
                return when
            call: dict[str, Any] = {
                "type": "track",
                "event": _EVENTS.get(name, name),
                "userId": user,
                "anonymousId": client,
                "timestamp": when.isoformat(),
                "properties": _properties(params),
            }
            order = params.get("transaction_id")
            if order and name in {"purchase", "refund"}:
                call["messageId"] = f"ga4:{name}:{order}"
            elif isinstance(params.get("event_id"), str):
                call["messageId"] = params["event_id"]
            return "call", call

        about = {name: body[name] for name in _ABOUT if name in body}
        return pack(
            body["events"],
            Delivery("ga4"),
            sending.config,
            shape,
            alone=lambda event: about | {"events": [event]},
        )


def _when(micros: object, now: datetime) -> datetime | str:
    """Return the moment that an event names, now if it names none, or why it cannot be read."""
    if micros is None:
        return now
    if not isinstance(micros, int | str) or not str(micros).isdecimal():
        return f"timestamp_micros must be a whole number, got {micros!r}"
    us = int(micros)
    if us > _LATEST_US:
        return f"timestamp_micros must be microseconds since 1970, got {us}"
    return _EPOCH + timedelta(microseconds=us)


def _properties(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters in Segment's words; what has no other name keeps its own."""
    plain = {_PARAMS.get(name, name): value for name, value in params.items() if name != "items"}
    items = params.get("items")
    if isinstance(items, list):
        plain["products"] = [_product(item) for item in items if isinstance(item, dict)]
    return plain


def _product(item: dict[str, Any]) -> dict[str, Any]:
    plain = {ours: item[theirs] for theirs, ours in _ITEM.items() if item.get(theirs) is not None}
    plain.setdefault("product_id", item.get("item_name"))
    steps = [item.get(name) for name in ("item_category", *(f"item_category{n}" for n in "2345"))]
    path = [str(step) for step in steps if step]
    if path:
        plain["category"] = " > ".join(path)
    return plain
