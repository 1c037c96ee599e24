"""What Segment's e-commerce events are called, in its second version and its first, and by us."""

__all__ = ["ITEM_NAMES", "ORDER_NAMES", "kind_of"]

ITEM_NAMES: tuple[str, ...] = (
    "product_id",
    "sku",
    "category",
    "name",
    "brand",
    "variant",
    "price",
    "quantity",
    "coupon",
    "position",
    "url",
    "image_url",
)
"""The fields of one product."""

ORDER_NAMES: tuple[str, ...] = (
    "affiliation",
    "cart_id",
    "checkout_id",
    "coupon_id",
    "coupon_name",
    "creative",
    "currency",
    "discount",
    "list_id",
    "order_id",
    "payment_method",
    "promotion_id",
    "query",
    "rating",
    "reason",
    "recipient",
    "revenue",
    "review_body",
    "review_id",
    "session_id",
    "share_message",
    "share_via",
    "shipping",
    "shipping_method",
    "step",
    "subtotal",
    "tax",
    "title",
    "total",
    "value",
    "wishlist_id",
    "wishlist_name",
)
"""The other properties that the specification names."""

_KINDS: dict[str, tuple[str, ...]] = {
    "search": ("products searched",),
    "list_view": ("product list viewed", "product list filtered", "viewed product category"),
    "promotion_view": ("promotion viewed", "viewed promotion"),
    "promotion_click": ("promotion clicked", "clicked promotion"),
    "click": ("product clicked", "clicked product"),
    "view": ("product viewed", "viewed product"),
    "cart": ("product added", "added product", "wishlist product added to cart"),
    "uncart": ("product removed", "removed product"),
    "cart_view": ("cart viewed",),
    "checkout": ("checkout started", "started order"),
    "checkout_step": (
        "checkout step viewed",
        "checkout step completed",
        "viewed checkout step",
        "completed checkout step",
    ),
    "payment_info": ("payment info entered",),
    "purchase": ("order completed", "completed order"),
    "order_update": ("order updated", "updated order"),
    "cancel": ("order cancelled",),
    "return": ("order refunded",),
    "coupon_entered": ("coupon entered",),
    "redeem": ("coupon applied",),
    "coupon_removed": ("coupon removed",),
    "coupon_denied": ("coupon denied",),
    "wish": ("product added to wishlist",),
    "unwish": ("product removed from wishlist",),
    "share": ("product shared", "cart shared"),
    "review": ("product reviewed",),
}

_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names}


def kind_of(event: str) -> str:
    """Return our kind of a tracked event; one of the shop's own keeps its name, in small letters.

    Examples
    --------
    >>> kind_of("Order Completed"), kind_of("Added Product"), kind_of("Store Locator Used")
    ('purchase', 'cart', 'store_locator_used')
    """
    plain = " ".join(event.lower().split())
    return _BY_NAME.get(plain) or plain.replace(" ", "_")
