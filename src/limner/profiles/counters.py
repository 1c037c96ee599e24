"""What is counted of a customer as events come: sums that no order of arrival can change.

Counters form a commutative monoid: what a stretch of events adds is counted alone
(:func:`count`) and added to what was known (:meth:`Counters.add`). Money and pieces are whole
numbers of small units, so that sums are exact; hence late, repeated and shuffled events give the
same counters, to the byte, as the whole log counted at once.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import orjson
import polars as pl

from limner.errors import BadShape
from limner.events.event import amount
from limner.profiles.references import DAY_US

__all__ = ["KEPT_DAYS", "NEW_ORDER", "Counters", "Day", "count", "first_of_orders"]

KEPT_DAYS = 100
"""So many days before a customer's newest event are counted one by one; the rest only in sums."""
NEW_ORDER = "_new_order"
"""The column that marks the line which first tells of an order."""
_UNITS = 1_000_000
"""Money and pieces are counted in millionths."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = (7, 30, 90)
_LONG = re.compile(r"\d{19}")
_NO_CURRENCY = "XXX"
"""How ISO 4217 writes that there is none."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): events, lines bought, and net spend in millionths of the currency.

    Orders are not counted by day: one whose lines tell of two days would be on the day of
    whichever line came first.
    """

    events: int = 0
    lines: int = 0
    net: int = 0

    def add(self, other: "Day") -> "Day":
        """Return the sums of both."""
        return Day(self.events + other.events, self.lines + other.lines, self.net + other.net)


@dataclass(frozen=True, slots=True)
class Counters:
    """What one customer did, in sums.

    Times are microseconds since 1970; ``bought``, ``returned`` and ``pieces`` are millionths of
    a currency and of a piece. ``money`` says, by currency, how much of ``bought`` and of
    ``returned`` named it; amounts of several are told apart and never summed. ``kinds``, ``money``
    and ``days`` (days since 1970, UTC) are sorted.
    """

    events: int = 0
    orders: int = 0
    lines: int = 0
    returns: int = 0
    bought: int = 0
    returned: int = 0
    pieces: int = 0
    first: int | None = None
    last: int | None = None
    last_purchase: int | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)
    money: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    days: Mapping[int, Day] = field(default_factory=dict)

    def add(self, other: "Counters") -> "Counters":
        """Return what both count together; the order of adding makes no difference."""
        kinds = dict(self.kinds)
        for kind, number in other.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + number
        days = dict(self.days)
        for day, one in other.days.items():
            days[day] = days[day].add(one) if day in days else one
        money = dict(self.money)
        for name, (bought, returned) in other.money.items():
            before = money.get(name, (0, 0))
            money[name] = (before[0] + bought, before[1] + returned)
        last = _late(self.last, other.last)
        oldest = 0 if last is None else last // DAY_US - KEPT_DAYS
        return Counters(
            events=self.events + other.events,
            orders=self.orders + other.orders,
            lines=self.lines + other.lines,
            returns=self.returns + other.returns,
            bought=self.bought + other.bought,
            returned=self.returned + other.returned,
            pieces=self.pieces + other.pieces,
            first=_early(self.first, other.first),
            last=last,
            last_purchase=_late(self.last_purchase, other.last_purchase),
            kinds=dict(sorted(kinds.items())),
            money=dict(sorted(money.items())),
            days={day: days[day] for day in sorted(days) if day > oldest},
        )

    def to_json(self) -> str:
        """Return them as compact JSON, the same text for the same counters."""
        plain = {
            name: value
            for name in _PLAIN
            if (value := getattr(self, name)) is not None and value != 0
        }
        if self.kinds:
            plain["kinds"] = dict(self.kinds)
        if self.money:
            plain["money"] = {name: list(amounts) for name, amounts in self.money.items()}
        if self.days:
            plain["days"] = {
                str(day): [one.events, one.lines, one.net] for day, one in self.days.items()
            }
        try:
            return orjson.dumps(plain).decode()
        except TypeError:  # a number beyond 64 bits; the text is the same
            return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote. Raises BadShape if it is something else."""
        try:
            # what is longer than 64 bits orjson would make a float of
            loads = json.loads if _LONG.search(text) else orjson.loads
            plain: dict[str, Any] = loads(text)
            days = {int(day): Day(*counts) for day, counts in plain.pop("days", {}).items()}
            money = {name: (told[0], told[1]) for name, told in plain.pop("money", {}).items()}
            return cls(**plain, money=money, days=days)
        except (ValueError, TypeError, AttributeError) as error:
            raise BadShape(f"these are no counters: {error}") from None

    def told(self, as_of: datetime) -> dict[str, Any]:
        """Return what they say as of a moment, as plain JSON values.

        Sums of money are null where there were amounts in several currencies; ``currency`` is the
        one that was named, and ``spend_by_currency`` tells them apart (``XXX``: none was named,
        which is the shop's own). Windows are the last 7, 30 and 90 days (UTC), the day of
        ``as_of`` among them, of the days that are kept.
        """
        one_currency = len(self.money) <= 1
        today = (as_of - _EPOCH) // timedelta(days=1)
        windows = {}
        for width in _WINDOWS:
            among = [one for day, one in self.days.items() if today - width < day <= today]
            windows[f"{width}d"] = {
                "events": sum(one.events for one in among),
                "lines": sum(one.lines for one in among),
                "spend": sum(one.net for one in among) / _UNITS if one_currency else None,
            }
        spend = (self.bought - self.returned) / _UNITS if one_currency else None
        return {
            "events": self.events,
            "orders": self.orders,
            "lines": self.lines,
            "returns": self.returns,
            "pieces": self.pieces / _UNITS,
            "spend": spend,
            "currency": next(iter(self.money), None) if one_currency else None,
            "spend_by_currency": self._by_currency(),
            "average_order_value": None
            if spend is None or not self.orders
            else spend / self.orders,
            "first_seen": _moment(self.first),
            "last_seen": _moment(self.last),
            "last_purchase": _moment(self.last_purchase),
            "kinds": dict(self.kinds),
            "windows": windows,
        }

    def _by_currency(self) -> dict[str, float]:
        """Return the net spend in each currency."""
        told = {name: bought - returned for name, (bought, returned) in self.money.items()}
        bought = self.bought - sum(each[0] for each in self.money.values())
        returned = self.returned - sum(each[1] for each in self.money.values())
        if bought or returned:
            told[_NO_CURRENCY] = told.get(_NO_CURRENCY, 0) + bought - returned
        return {name: net / _UNITS for name, net in told.items()}


_PLAIN = (
    *("events", "orders", "lines", "returns", "bought", "returned", "pieces"),
    *("first", "last", "last_purchase"),
)


def count(events: pl.DataFrame) -> dict[str, Counters]:
    """Count events by customer.

    Parameters
    ----------
    events
        Columns of :data:`~limner.events.event.EVENT_SCHEMA`, each event once, and
        :data:`NEW_ORDER`: whether the line is the first that tells of its order; see
        :func:`first_of_orders`. Raises BadShape where a column is missing.
    """
    missing = sorted({*_READ, NEW_ORDER} - set(events.columns))
    if missing:
        raise BadShape(
            f"events to count must have the column {missing[0]!r}, got {', '.join(events.columns)}"
        )
    if events.is_empty():
        return {}
    bought, returned = pl.col("kind") == "purchase", pl.col("kind") == "return"
    worth = (amount() * _UNITS + 0.5).floor().cast(pl.Int64)
    pieces = (pl.col("quantity").fill_null(1.0) * _UNITS + 0.5).floor().cast(pl.Int64)
    rows = events.lazy().select(
        pl.col("customer_id").alias("who"),
        "kind",
        pl.col("time").dt.epoch("us").alias("us"),
        pl.when(bought).then(worth).otherwise(0).alias("bought"),
        pl.when(returned).then(worth).otherwise(0).alias("returned"),
        pl.when(bought).then(pieces).otherwise(0).alias("pieces"),
        bought.alias("line"),
        returned.alias("back"),
        (bought & pl.col(NEW_ORDER)).alias("order"),
        pl.when(bought | returned).then("currency").alias("currency"),
    )
    people = (
        rows.group_by("who")
        .agg(
            pl.len(),
            pl.col("order", "line", "back").sum().cast(pl.Int64),
            pl.col("bought", "returned", "pieces").sum(),
            pl.col("us").min().alias("first"),
            pl.col("us").max().alias("last"),
            pl.col("us").filter("line").max().alias("last_purchase"),
        )
        .sort("who")
    )
    kinds = rows.group_by("who", "kind").len().sort("who", "kind")
    days = (
        rows.group_by("who", (pl.col("us") // DAY_US).alias("day"))
        .agg(
            pl.len(),
            pl.col("line").sum().cast(pl.Int64),
            (pl.col("bought") - pl.col("returned")).sum().alias("net"),
        )
        .sort("who", "day")
    )
    money = (
        rows.filter(pl.col("currency").is_not_null())
        .group_by("who", "currency")
        .agg(pl.col("bought", "returned").sum())
        .sort("who", "currency")
    )
    by_currency: dict[str, dict[str, tuple[int, int]]] = {}
    by_kind: dict[str, dict[str, int]] = {}
    by_day: dict[str, dict[int, Day]] = {}
    everybody, told_kinds, told_days, told_money = pl.collect_all([people, kinds, days, money])
    for who, name, bought_, returned_ in told_money.iter_rows():
        by_currency.setdefault(who, {})[name] = (bought_, returned_)
    for who, kind, number in told_kinds.iter_rows():
        by_kind.setdefault(who, {})[kind] = number
    for who, day, number, lines, net in told_days.iter_rows():
        by_day.setdefault(who, {})[day] = Day(number, lines, net)
    nothing = Counters()
    found = {}
    for (
        who,
        number,
        orders,
        lines,
        back,
        bought_,
        returned_,
        pieces_,
        *times,
    ) in everybody.iter_rows():
        first, last, last_purchase = times
        one = Counters(
            events=number,
            orders=orders,
            lines=lines,
            returns=back,
            bought=bought_,
            returned=returned_,
            pieces=pieces_,
            first=first,
            last=last,
            last_purchase=last_purchase,
            kinds=by_kind[who],
            money=by_currency.get(who, {}),
            days=by_day[who],
        )
        found[who] = nothing.add(one)
    return found


_READ = ("customer_id", "kind", "time", "price", "quantity", "discount", "currency")


def first_of_orders(events: pl.DataFrame) -> pl.DataFrame:
    """Mark in :data:`NEW_ORDER` which lines first tell of an order, of a whole log of customers.

    Lines of one customer with one ``order_id`` are one order; without an id, those of one moment.
    """
    moment = pl.when(pl.col("order_id").is_null()).then(pl.col("time"))
    first = pl.struct("customer_id", "order_id", moment.alias("moment")).is_first_distinct()
    bought = events.filter(pl.col("kind") == "purchase").with_columns(first.alias(NEW_ORDER))
    others = events.filter(pl.col("kind").ne_missing("purchase"))
    return pl.concat([bought, others.with_columns(pl.lit(value=False).alias(NEW_ORDER))])


def _early(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _late(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _moment(us: int | None) -> str | None:
    if us is None:
        return None
    return (_EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")
