"""What Snowplow's trackers and pipeline say of an event, told as one of Segment's calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

__all__ = ["ENRICHED", "call_of", "enriched"]

_LINE = """
app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker
v_tracker v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid
domain_sessionidx network_userid geo_country geo_region geo_city geo_zipcode geo_latitude
geo_longitude geo_region_name ip_isp ip_organization ip_domain ip_netspeed page_url page_title
page_referrer page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery page_urlfragment
refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery refr_urlfragment refr_medium
refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign contexts se_category
se_action se_label se_property se_value unstruct_event tr_orderid tr_affiliation tr_total tr_tax
tr_shipping tr_city tr_state tr_country ti_orderid ti_sku ti_name ti_category ti_price ti_quantity
pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max useragent br_name br_family br_version
br_type br_renderengine br_lang br_features_pdf br_features_flash br_features_java
br_features_director br_features_quicktime br_features_realplayer br_features_windowsmedia
br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth br_viewheight
os_name os_family os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth
dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base tr_tax_base
tr_shipping_base ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network
etl_tags dvce_sent_tstamp refr_domain_userid refr_dvce_tstamp derived_contexts domain_sessionid
derived_tstamp event_vendor event_name event_format event_version event_fingerprint true_tstamp
"""
ENRICHED: tuple[str, ...] = tuple(_LINE.split())
"""The columns of an enriched event, in the order of its tab-separated line (131)."""

_ACTIONS = {
    "product_view": "Product Viewed",
    "list_view": "Product List Viewed",
    "list_click": "Product Clicked",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "checkout_step": "Checkout Step Completed",
    "transaction": "Order Completed",
    "refund": "Order Refunded",
    "promo_view": "Promotion Viewed",
    "promo_click": "Promotion Clicked",
}
"""What the types of ``snowplow_ecommerce_action`` are called by Segment."""
_ENHANCED = {
    "click": "Product Clicked",
    "detail": "Product Viewed",
    "view": "Product List Viewed",
    "add": "Product Added",
    "remove": "Product Removed",
    "checkout": "Checkout Step Completed",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "promo_click": "Promotion Clicked",
}
"""The same of the older plug-in, whose words are Google's enhanced e-commerce."""
_PRODUCTS = ("product", "productFieldObject", "impressionFieldObject")
_PRODUCT = {
    "id": "product_id",
    "sku": "product_id",
    "name": "name",
    "category": "category",
    "brand": "brand",
    "variant": "variant",
    "price": "price",
    "unitPrice": "price",
    "quantity": "quantity",
    "position": "position",
    "coupon": "coupon",
}
_ENTITY: dict[str, dict[str, str]] = {
    "transaction": {
        "transaction_id": "order_id",
        "revenue": "revenue",
        "currency": "currency",
        "payment_method": "payment_method",
        "tax": "tax",
        "shipping": "shipping",
        "discount_code": "coupon",
        "discount_amount": "discount_amount",
    },
    "refund": {
        "transaction_id": "order_id",
        "refund_amount": "total",
        "currency": "currency",
        "refund_reason": "reason",
    },
    "cart": {"cart_id": "cart_id", "currency": "currency", "total_value": "cart_value"},
    "checkout_step": {
        "step": "step",
        "payment_method": "payment_method",
        "shipping_postcode": "shipping_postcode",
        "coupon_code": "coupon",
    },
    "promotion": {"id": "promotion_id", "name": "promotion", "creative_id": "creative"},
    "actionFieldObject": {
        "id": "order_id",
        "affiliation": "affiliation",
        "revenue": "revenue",
        "tax": "tax",
        "shipping": "shipping",
        "coupon": "coupon",
        "currency": "currency",
        "step": "step",
    },
}
"""Which properties of a call the entities beside an event tell, and under which name."""


def call_of(atom: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return an event as Segment's call, or why it is none.

    An item of a transaction (``ti``) is a line that was bought; the transaction itself (``tr``)
    is an event of its own kind, so that no money is counted twice.

    Parameters
    ----------
    atom
        The event by the names of :data:`ENRICHED`; ``contexts`` a list of entities and
        ``unstruct_event`` an object, each with ``schema`` and ``data``.

    Examples
    --------
    >>> call = call_of({"event": "page_view", "user_id": "u1", "page_title": "Teas"})
    >>> call["type"], call["userId"], call["name"]
    ('page', 'u1', 'Teas')
    """
    entities = list(_entities(atom.get("contexts")))
    told = _deed(atom, entities)
    if isinstance(told, str):
        return told
    user, device, visit = _who(atom, entities)
    properties = {name: value for name, value in told.pop("properties").items() if value != ""}
    call: dict[str, Any] = {
        **told,
        "messageId": atom.get("event_id"),
        "userId": user,
        "anonymousId": device,
        "properties": {name: each for name, each in properties.items() if each is not None},
    }
    if visit:
        call["properties"].setdefault("session_id", visit)
    return call


def enriched(line: str) -> dict[str, Any] | str:
    """Return the atom of a tab-separated line of the enriched stream, or why it is none."""
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) != len(ENRICHED):
        return f"an enriched event must have {len(ENRICHED)} columns, got {len(fields)}"
    atom: dict[str, Any] = {
        name: value for name, value in zip(ENRICHED, fields, strict=True) if value
    }
    for name in ("contexts", "derived_contexts", "unstruct_event"):
        if name in atom:
            try:
                atom[name] = orjson.loads(atom[name])
            except orjson.JSONDecodeError:
                return f"{name} must be JSON"
            if isinstance(atom[name], dict):
                atom[name] = atom[name].get("data")
    for name in ("true_tstamp", "derived_tstamp", "collector_tstamp"):
        if name in atom:
            when = atom[name].replace(" ", "T")
            atom["time"] = when if when.endswith("Z") else when + "Z"
            break
    return atom


def _entities(told: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Go through the entities beside an event: the name of each one's schema, and what it says."""
    for each in told if isinstance(told, list) else ():
        if isinstance(each, dict) and isinstance(each.get("data"), dict):
            yield _name_of(each.get("schema")), each["data"]


def _name_of(schema: object) -> str:
    """Return the name within ``iglu:vendor/name/jsonschema/1-0-0``, empty where there is none."""
    steps = schema.split("/") if isinstance(schema, str) else ()
    return steps[1] if len(steps) == 4 else ""  # vendor, name, format, version


def _who(
    atom: Mapping[str, Any], entities: Sequence[tuple[str, Mapping[str, Any]]]
) -> tuple[Any, Any, Any]:
    """Return user, device and visit."""
    user = atom.get("user_id")
    device = atom.get("domain_userid") or atom.get("network_userid")
    visit = atom.get("domain_sessionid")
    for name, said in entities:
        if name == "user" and not user and not said.get("is_guest"):
            user = said.get("id")
        if name == "client_session":
            device = device or said.get("userId")
            visit = visit or said.get("sessionId")
    return user, device, visit


def _deed(
    atom: Mapping[str, Any], entities: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, Any] | str:
    """Return what was done: type, event or name, and properties."""
    kind = str(atom.get("event"))
    if kind == "unstruct":
        return _self_described(atom.get("unstruct_event"), entities)
    tell = _DEEDS.get(kind)
    if tell is None:
        return f"e must be one of pv, pp, se, ue, tr, ti, got {kind!r}"
    return tell(atom)


def _page(atom: Mapping[str, Any]) -> dict[str, Any]:
    names = ("url", "title", "referrer")
    properties = {name: atom.get(f"page_{name}") for name in names}
    if atom.get("event") == "page_ping":
        return _track("Page Ping", properties)
    return {"type": "page", "name": atom.get("page_title"), "properties": properties}


def _structured(atom: Mapping[str, Any]) -> dict[str, Any] | str:
    category, action = atom.get("se_category"), atom.get("se_action")
    if not category or not action:
        return "a structured event must have se_ca and se_ac"
    more = ("se_label", "se_property", "se_value")
    return _track(f"{category} {action}", {name: atom.get(name) for name in more})


def _transaction(atom: Mapping[str, Any]) -> dict[str, Any]:
    names = {"tr_orderid": "order_id", "tr_affiliation": "affiliation", "tr_currency": "currency"}
    names |= {f"tr_{each}": f"tr_{each}" for each in ("total", "tax", "shipping")}
    return _track("Transaction", {ours: atom.get(theirs) for theirs, ours in names.items()})


def _item(atom: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("sku", "name", "category", "price", "quantity")
    product = {_PRODUCT[each]: atom.get(f"ti_{each}") for each in fields}
    about = {"order_id": atom.get("ti_orderid"), "currency": atom.get("ti_currency")}
    return _track("Order Completed", about | {"products": [_filled(product)]})


_DEEDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | str]] = {
    "page_view": _page,
    "page_ping": _page,
    "struct": _structured,
    "transaction": _transaction,
    "transaction_item": _item,
}


def _self_described(
    event: object, entities: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, Any] | str:
    """Return what a self-describing event tells; one of the shop's own keeps its schema's name."""
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return "a self-describing event must have schema and data, in ue_pr or ue_px"
    name, data = _name_of(event.get("schema")), event["data"]
    if not name:
        return f"schema must be iglu:vendor/name/jsonschema/1-0-0, got {event.get('schema')!r}"
    if name == "action" and "enhanced-ecommerce" in str(event["schema"]):
        kind = str(data.get("action"))
        return _track(_ENHANCED.get(kind, kind), _shopping(entities))
    return _named(name, data, entities)


def _named(
    name: str, data: Mapping[str, Any], entities: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, Any]:
    """Return what a self-describing event of a name tells."""
    if name == "snowplow_ecommerce_action":
        kind = str(data.get("type"))
        about = {"list_id": data.get("name")} if kind.startswith("list") else {}
        return _track(_ACTIONS.get(kind, kind), about | _shopping(entities))
    if name == "screen_view":
        return {"type": "screen", "name": data.get("name"), "properties": {}}
    if name == "site_search":
        terms = data.get("terms")
        query = " ".join(map(str, terms)) if isinstance(terms, list) else terms
        return _track("Products Searched", {"query": query})
    if name in {"add_to_cart", "remove_from_cart"}:
        return _track(_ACTIONS[name], _product(data) | {"currency": data.get("currency")})
    return _track(name, {each: value for each, value in data.items() if "." not in each})


def _shopping(entities: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return what the entities beside a deed of the shop tell: products, the order, the cart."""
    products = [_product(said) for name, said in entities if name in _PRODUCTS]
    told: dict[str, Any] = {}
    for name, said in entities:
        for theirs, ours in _ENTITY.get(name, {}).items():
            if said.get(theirs) is not None:
                told.setdefault(ours, said[theirs])
        if name in _PRODUCTS and said.get("currency"):
            told.setdefault("currency", said["currency"])
    if products:
        told["products"] = products
    return told


def _product(said: Mapping[str, Any]) -> dict[str, Any]:
    return _filled({ours: said.get(theirs) for theirs, ours in _PRODUCT.items() if theirs in said})


def _filled(product: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value)
        for name, value in product.items()
        if isinstance(value, str | int | float) and value != ""
    }


def _track(event: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "track", "event": event, "properties": dict(properties)}
