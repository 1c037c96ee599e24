"""Strings that stand for people's data, planted wherever a person's data may be, and looked for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

CANARY = "zqcanary"
"""Every planted string begins with it, and nothing else does."""
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = ("item_id", "order_id", "session_id", "currency", "text", "properties", "event_id")


def person(number):
    """Return the id of a customer who is to be erased: with letters that JSON and CSV escape."""
    odd = ("", " van", ' "ü"', "'s", "\\x")[number % 5]
    return f"{CANARY}-id{number:03d}{odd}"


def planted(number, *, where):
    """Return a canary for every text field of an event; ``where`` says which way it came."""
    made = {name: f"{CANARY}-{where}-{name}-{number:03d}" for name in FIELDS}
    return made | {"properties": {"note": made["properties"], "deep": [{"x": made["properties"]}]}}


def file_rows(numbers):
    """Return rows of a JSON-lines file: good ones, repeated ones, and ones that are refused."""
    rows = []
    for number in numbers:
        fields = planted(number, where="file")
        base = {"customer_id": person(number), "kind": "purchase", "price": 2.5, "quantity": 1}
        at = (WHEN + timedelta(minutes=number)).isoformat()
        good = base | fields | {"time": at, "rating": 4}
        rows += [good, good, good | {"event_id": fields["event_id"] + "b", "time": at[:10]}]
        rows.append(base | fields | {"time": f"{CANARY}-no-time-{number}"})
        rows.append(base | fields | {"time": at, "price": f"{CANARY}-no-price-{number}"})
    return rows


def write_file(path: Path, numbers, others=()):
    """Write the rows of people, and of others who stay, as a shop would export them."""
    rows = [*file_rows(numbers), *others]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


def bystander(number):
    """Return a row of somebody who stays."""
    return {
        "customer_id": f"stays-{number}",
        "kind": "purchase",
        "time": (WHEN + timedelta(hours=number)).isoformat(),
        "item_id": f"mug-{number % 3}",
        "event_id": f"s{number}",
        "price": 4.0,
        "quantity": 2,
    }


def calls(number):
    """Return what a tracker sends of a person: deeds, what they told, and what is refused."""
    fields, who = planted(number, where="http"), person(number)
    product = {"product_id": fields["item_id"], "price": 3, "quantity": 1}
    context = {"ip": f"{CANARY}-ip", "note": fields["text"]}
    return [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": who,
            "anonymousId": f"{CANARY}-anonymous-{number}",
            "messageId": fields["event_id"],
            "timestamp": WHEN.isoformat(),
            "properties": {"order_id": fields["order_id"], "products": [product], **fields},
            "context": context,
        },
        {
            "type": "track",
            "event": "Products Searched",
            "userId": who,
            "messageId": fields["event_id"] + "q",
            "timestamp": WHEN.isoformat(),
            "properties": {"query": fields["text"], "own": fields["properties"]},
        },
        {
            "type": "identify",
            "userId": who,
            "messageId": fields["event_id"] + "i",
            "timestamp": WHEN.isoformat(),
            "traits": {
                "name": f"{CANARY}-name-{number}",
                "city": f"{CANARY}-city-{number}",
                "email": f"{CANARY}-mail-{number}@shop.example",
            },
            "anonymousId": f"{CANARY}-visitor-{number}",
            "context": {
                "device": {"id": f"{CANARY}-device-{number}"},
                "externalIds": [{"type": "crm", "id": f"{CANARY}-external-{number}"}],
            },
        },
        {
            "type": "alias",
            "userId": who,
            "previousId": f"{CANARY}-before-{number}",
            "messageId": fields["event_id"] + "a",
            "timestamp": WHEN.isoformat(),
        },
        {
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": f"{CANARY}-visitor-{number}",
            "messageId": fields["event_id"] + "v",
            "timestamp": WHEN.isoformat(),
            "properties": {"product_id": fields["item_id"]},
        },
        {"type": "track", "userId": who, "event": f"{CANARY}-event", "timestamp": f"{CANARY}-when"},
        {"type": f"{CANARY}-type", "userId": who, "properties": fields},
    ]


def holding(folder: Path, *, word=CANARY):
    """Return the files below a folder in which a canary stands, in bytes, also within Parquet."""
    import polars as pl

    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        inside = raw.decode("utf-8", "ignore")
        if path.suffix == ".parquet":  # its pages are packed
            inside += pl.read_parquet(path, glob=False).write_ndjson()
        if word.encode() in raw or word in inside or word in path.name:
            found.append(path.relative_to(folder).as_posix())
    return found
