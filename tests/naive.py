"""The automatic aggregates as a patient clerk would work them out, one customer at a time."""

import itertools
import math
import statistics
from collections import Counter
from datetime import UTC, timedelta

import numpy as np

NAN = math.nan
DAY_US = 86_400_000_000


def of(value):
    return NAN if value is None else value


def ratio(above, below):
    if below == 0 or math.isnan(above) or math.isnan(below):
        return NAN
    return above / below


def mean(values):
    return statistics.fmean(values) if values else NAN


def entropy(values):
    counts = Counter(values)
    total = sum(counts.values())
    return sum(-n / total * math.log(n / total) for n in counts.values())


def distinct(values):
    return len({value for value in values if value is not None})


def event_of(row, cut, catalogue, level):
    """Return one event with what the ledger makes of it."""
    category, brand = catalogue.get(row["item_id"], (None, None))
    steps = category.split(" > ") if category is not None else [None]
    pieces = 1.0 if row["quantity"] is None else row["quantity"]
    worth = 0.0
    if row["price"] is not None:
        worth = row["price"] * pieces - (row["discount"] or 0.0)
    return {
        "age": (cut - row["time"]) / timedelta(microseconds=1) / DAY_US,
        "time": row["time"].astimezone(UTC),
        "kind": row["kind"],
        "item": row["item_id"],
        "order": row["order_id"] or row["time"],
        "quantity": row["quantity"],
        "price": None if row["price"] is None else float(np.float32(row["price"])),
        "discount": row["discount"] or 0.0,
        "amount": -worth if row["kind"] == "return" else worth,
        "department": steps[0],
        "category": steps[min(level, len(steps)) - 1],
        "brand": brand,
    }


def customers_of(rows, cut, catalogue, level=2):
    """Return customer -> events strictly before the cut; customers without any are there too."""
    found = {row["customer_id"]: [] for row in rows}
    for row in rows:
        if row["time"] < cut:
            found[row["customer_id"]].append(event_of(row, cut, catalogue, level))
    return found


def orders_of(events):
    """Return the purchase orders, newest first."""
    orders = {}
    for event in events:
        if event["kind"] == "purchase":
            orders.setdefault(event["order"], []).append(event)
    made = [
        {
            "age": max(line["age"] for line in lines),
            "amount": sum(line["amount"] for line in lines),
            "quantity": sum(line["quantity"] or 0.0 for line in lines),
            "lines": len(lines),
            "categories": distinct(line["category"] for line in lines),
        }
        for lines in orders.values()
    ]
    return sorted(made, key=lambda order: order["age"])


def plain(events, windows, lives):
    """Return every measure that is not by class: name -> value."""
    done = [event for event in events if event["kind"] != "message"]
    found = history(done)
    orders = orders_of(events)
    found |= habits(orders, windows, lives)
    return found | comparisons(found, windows, bought=bool(orders), seen=bool(done))


def history(done):
    items = [event["item"] for event in done if event["item"] is not None]
    prices = [event["price"] for event in done if event["price"] is not None]
    given = sum(event["discount"] for event in done)
    worth = sum(max(event["amount"], 0.0) for event in done)
    hours = [event["time"].hour for event in done]
    weekdays = [event["time"].weekday() for event in done]
    found = {
        "days since first": max((event["age"] for event in done), default=NAN),
        "days active": len({math.floor(event["age"]) for event in done}),
        "distinct items": distinct(items),
        "distinct categories": distinct(event["category"] for event in done),
        "distinct brands": distinct(event["brand"] for event in done),
        "repeat share": 1 - distinct(items) / len(items) if items else NAN,
        "category entropy": entropy(e["category"] for e in done if e["category"] is not None)
        if done
        else NAN,
        "mean price": mean(prices),
        "highest price": max(prices, default=NAN),
        "discount share": ratio(given, worth + given),
        "return count": sum(event["kind"] == "return" for event in done),
        "hour entropy": entropy(hours) if done else NAN,
    }
    for start in range(0, 24, 6):
        found[f"hour share {start}-{start + 6}"] = mean([start <= h < start + 6 for h in hours])
    for number, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun")):
        found[f"weekday share {day}"] = mean([weekday == number for weekday in weekdays])
    return found


def habits(orders, windows, lives):
    ages = [order["age"] for order in orders]
    worth = [order["amount"] for order in orders]
    gaps = [b - a for a, b in itertools.pairwise(ages)]
    found = {
        "orders": len(orders),
        "amount": sum(worth),
        "days since order": min(ages, default=NAN),
        **{
            f"days since order {place + 1}": ages[place] if place < len(ages) else NAN
            for place in (1, 2, 4)
        },
        "gap mean": mean(gaps),
        "gap median": statistics.median(gaps) if gaps else NAN,
        "gap deviation": statistics.stdev(gaps) if len(gaps) > 1 else NAN,
        "gap longest": max(gaps, default=NAN),
        "gap newest five": mean(gaps[:5]),
        "order amount mean": mean(worth),
        "order amount median": statistics.median(worth) if worth else NAN,
        "order amount deviation": statistics.stdev(worth) if len(worth) > 1 else NAN,
        "order amount highest": max(worth, default=NAN),
        "order amount last": worth[0] if worth else NAN,
        "order amount newest five": mean(worth[:5]),
        "order lines mean": mean([order["lines"] for order in orders]),
        "order lines last": orders[0]["lines"] if orders else NAN,
        "order categories mean": mean([order["categories"] for order in orders]),
        "order quantity mean": mean([order["quantity"] for order in orders]),
    }
    weights = [0.5 ** (age / 90) for age in ages[:-1]]
    pairs = list(zip(weights, gaps, strict=True))
    for ahead in (7, 14, 30):
        since = ages[0] if ages else NAN
        longer = sum(w for w, gap in pairs if gap > since + ahead) + 1
        survived = sum(w for w, gap in pairs if gap > since) + 2
        found[f"gap survival {ahead}d"] = longer / survived if ages else NAN
        found[f"idle share {ahead}d"] = ratio(
            sum(w * max(gap - ahead, 0) for w, gap in pairs), sum(w * gap for w, gap in pairs)
        )
    for days in windows:
        within = [order for order in orders if order["age"] <= days]
        found[f"orders {days:g}d"] = len(within)
        found[f"amount {days:g}d"] = sum(order["amount"] for order in within)
        found[f"lines {days:g}d"] = sum(order["lines"] for order in within)
    for life in lives:
        found[f"decayed orders {life:g}d"] = sum(0.5 ** (age / life) for age in ages)
        found[f"decayed amount {life:g}d"] = sum(
            0.5 ** (order["age"] / life) * order["amount"] for order in orders
        )
    return found


def comparisons(found, windows, *, bought, seen):
    since = found["days since order"]
    made = {
        "recency over gap": ratio(since, found["gap mean"]),
        "recency over median gap": ratio(since, found["gap median"]),
        "recency over longest gap": ratio(since, found["gap longest"]),
        "recency over newest gaps": ratio(since, found["gap newest five"]),
        "gap regularity": ratio(found["gap deviation"], found["gap mean"]),
        "order rate": found["orders"] / found["days since first"] if bought else NAN,
        "amount rate": found["amount"] / found["days since first"] if bought else 0.0,
        "last over mean amount": ratio(found["order amount last"], found["order amount mean"]),
    }
    for what in ("orders", "amount"):
        for short, long in itertools.pairwise(windows):
            share = ratio(found[f"{what} {short:g}d"], found[f"{what} {long:g}d"])
            made[f"{what} trend {short:g}d in {long:g}d"] = share * long / short
    return made


def by_class(events, windows, lives, bands):
    """Return (measure, facet, class) -> value for every class that the events know."""
    found = {}
    for facet in ("kind", "department", "category", "brand", "band"):
        groups = {}
        for event in events:
            if facet == "band":
                price = event["price"]
                known = None if price is None else f"{1 + sum(price > edge for edge in bands)}"
            else:
                known = event[facet]
            if known is not None:
                groups.setdefault(known, []).append(event)
        for name, group in groups.items():
            for measure, value in measures(group, windows, lives).items():
                found[measure, facet, name] = value
    return found


def measures(group, windows, lives):
    ages = [event["age"] for event in group]
    found = {
        "count": len(group),
        "distinct items": distinct(event["item"] for event in group),
        "days since": min(ages),
    }
    for days in windows:
        found[f"count {days:g}d"] = sum(age <= days for age in ages)
    for life in lives:
        weights = [0.5 ** (age / life) for age in ages]
        found[f"decayed count {life:g}d"] = sum(weights)
        found[f"decayed amount {life:g}d"] = sum(
            weight * event["amount"] for weight, event in zip(weights, group, strict=True)
        )
    return found
