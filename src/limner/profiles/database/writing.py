"""What is done within one transaction: events stored once, counters renewed, words kept."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, delete, func, literal_column, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from limner.errors import Overtaken
from limner.events.event import CATALOGUE_SCHEMA
from limner.profiles.counters import NEW_ORDER, Counters, count
from limner.profiles.database import tables as t
from limner.profiles.live import Arrival, Receipt, Step
from limner.profiles.marks import event_marks, order_marks
from limner.profiles.store import About

__all__ = [
    "EVENT",
    "accept",
    "brought",
    "customers_of",
    "insert_many",
    "insert_of",
    "looked_up",
    "moment_of",
    "newest_of",
    "one_of",
    "parts",
    "tell",
    "tell_about",
    "us_of",
]

EVENT: list[str] = [name for name, _ in t.EVENT_COLUMNS]
"""The columns of an event beside the customer and the time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK = 500
"""So many values go into one question; SQLite takes a limited number."""
_RENEW = "UPDATE customers SET counters = ?, seq = ?, changed_us = ? WHERE no = ?"
_POSITIONAL: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
"""How the drivers want statements whose values come as tuples."""


def accept(
    connection: Connection,
    arrival: Arrival,
    *,
    received_us: int,
    steps: Mapping[str, Step] | None = None,
    replayed: Sequence[int] = (),
) -> Receipt:
    """Store what is new of an arrival, and renew the counters of whom it is about."""
    _step_on(connection, steps or {})
    _drop_replayed(connection, replayed)
    events = arrival.events
    rows = events.select("customer_id", "time", *EVENT).rows()
    lines = events["_line"].to_list() if "_line" in events.columns else list(range(len(rows)))
    marks, orders = event_marks(events), order_marks(events)
    known = _known(connection, [*marks, *(mark for mark in orders if mark is not None)])
    fresh: list[int] = []
    duplicates: list[int] = []
    first_of_order: list[bool] = []
    new: list[tuple[bytes]] = []
    for place, (mark, order) in enumerate(zip(marks, orders, strict=True)):
        if mark in known:
            duplicates.append(lines[place])
            continue
        known.add(mark)
        new.append((mark,))
        fresh.append(place)
        begins = order is not None and order not in known
        first_of_order.append(begins)
        if order is not None and begins:
            known.add(order)
            new.append((order,))
    token = newest_of(connection)
    counted: dict[str, Counters] = {}
    if fresh:
        begun = pl.Series(NEW_ORDER, first_of_order, pl.Boolean)
        counted = count(events[fresh].with_columns(begun))
        token = _store(connection, [rows[at] for at in fresh], counted, received_us)
        insert_many(connection, t.seen, new)
    _keep_refused(connection, arrival.refused, received_us)
    _keep_told(connection, arrival)
    return Receipt(token, len(fresh), tuple(duplicates), tuple(counted))


def _store(
    connection: Connection,
    rows: Sequence[tuple[Any, ...]],
    counted: Mapping[str, Counters],
    received_us: int,
) -> int:
    """Give new events numbers, write them, and add what they count; return the newest."""
    people = customers_of(connection, list(counted))
    token = newest_of(connection)
    written, newest = [], {}
    for row in rows:
        token += 1
        customer, moment, *rest = row
        newest[customer] = token
        written.append((people[customer][0], token, us_of(moment), received_us, *rest))
    insert_many(connection, t.journal, written)
    renewed = [
        (Counters.from_json(told).add(counted[who]).to_json(), newest[who], received_us, no)
        for who, (no, told) in people.items()
    ]
    sign = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(_RENEW.replace("?", sign), renewed)
    tell(connection, "token", str(token))
    return token


def insert_many(
    connection: Connection,
    table: Table,
    rows: list[tuple[Any, ...]],
    *,
    or_not: bool = False,
) -> None:
    """Insert rows in the order of the table's columns, handed to the driver as they are.

    Going through SQLAlchemy's parameters takes as long again as the inserting.
    """
    add = insert_of(connection)(table)
    made = (add.on_conflict_do_nothing() if or_not else add).compile(
        dialect=_POSITIONAL[connection.dialect.name],
        column_keys=[column.name for column in table.c],
    )
    connection.exec_driver_sql(str(made), rows)


def customers_of(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return number and counters of customers; who is new gets a number."""
    found: dict[str, tuple[int, str]] = {}

    def look(some: Sequence[str]) -> None:
        rows = looked_up(connection, ("customer_id", "no", "counters"), t.customers, some)
        found.update({who: (no, told) for who, no, told in rows})

    look(names)
    missing = [name for name in names if name not in found]
    if missing:
        nothing = Counters().to_json()
        connection.execute(
            t.customers.insert(),
            [
                {
                    "customer_id": name,
                    "counters": nothing,
                    "seq": 0,
                    "drawn": 0,
                    "changed_us": 0,
                }
                for name in missing
            ],
        )
        look(missing)
    return found


def _keep_refused(connection: Connection, refused: pl.DataFrame, received_us: int) -> None:
    if len(refused):
        connection.execute(
            t.rejects.insert(),
            [
                {
                    "received_us": received_us,
                    "source": file or "",
                    "reason": reason,
                    "detail": detail or "",
                    "row": row or "",
                }
                for reason, detail, file, row in refused.select(
                    "reason", "detail", "file", "row"
                ).iter_rows()
            ],
        )


def _step_on(connection: Connection, steps: Mapping[str, Step]) -> None:
    """Keep how far streams are read. Raises Overtaken where one is not where it was thought."""
    o = t.offsets.c
    for source, step in steps.items():
        asked = select(o.position).where(o.source == source)
        found = connection.execute(asked).scalar_one_or_none()
        if found != step.before:
            raise Overtaken(
                f"{source} must be read up to {step.before or 'nothing'} in the store,"
                f" but it is up to {found or 'nothing'}",
                hint="another worker reads the same stream; this one goes on from there",
            )
    if steps:
        add = insert_of(connection)(t.offsets)
        renew = add.on_conflict_do_update(
            index_elements=["source"], set_={"position": brought("position")}
        )
        rows = [{"source": name, "position": step.after} for name, step in steps.items()]
        connection.execute(renew, rows)


def _drop_replayed(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove refused rows. Raises Overtaken where one is gone already."""
    gone = 0
    for part in parts(list(numbers)):
        gone += connection.execute(delete(t.rejects).where(one_of(t.rejects.c.no, part))).rowcount
    if gone != len(numbers):
        raise Overtaken(
            f"{len(numbers)} refused rows must be there to be replayed, but {gone} are",
            hint="somebody else replays them; look again at what is left",
        )


def _keep_told(connection: Connection, arrival: Arrival) -> None:
    """Keep the newest word on items, and everything that customers told."""
    items = arrival.catalogue
    names = [] if items is None else [name for name in CATALOGUE_SCHEMA if name in items.columns]
    if items is not None and len(items) and len(names) > 1:
        add = insert_of(connection)(t.items)
        newest = {
            name: func.coalesce(brought(name), t.items.c[name])
            for name in names
            if name != "item_id"
        }
        # trackers say the same of an item with every event
        news = or_(*(value.is_distinct_from(t.items.c[name]) for name, value in newest.items()))
        renew = add.on_conflict_do_update(
            index_elements=["item_id"], set_={**newest, "unread": brought("unread")}, where=news
        )
        named = items.select(names).filter(pl.col("item_id").is_not_null()).rows(named=True)
        mark = secrets.randbits(62)
        if named:
            connection.execute(renew, [{**row, "unread": mark} for row in named])
    told = arrival.attributes
    if told is not None and len(told):
        rows_told = [
            {
                "customer_id": who,
                "name": name,
                "known_us": 0 if known is None else us_of(known),
                "value": value,
            }
            for who, name, value, known in told.select(
                "customer_id", "name", "value", "known_at"
            ).iter_rows()
            if value is not None
        ]
        if rows_told:
            connection.execute(
                insert_of(connection)(t.attributes).on_conflict_do_nothing(), rows_told
            )


def insert_of(connection: Connection) -> Any:  # noqa: ANN401 - of one dialect or the other
    """Return the ``INSERT`` of a connection's dialect, which knows of conflicts."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


def _known(connection: Connection, marks: Sequence[bytes]) -> set[bytes]:
    """Return which of the hashes were seen before."""
    rows = looked_up(connection, ("key",), t.seen, list(dict.fromkeys(marks)))
    return {bytes(key) for (key,) in rows}


def looked_up(
    connection: Connection, columns: Sequence[str], table: Table, values: Sequence[Any]
) -> Iterator[Any]:
    """Yield columns of the rows whose first of these columns is among some values.

    The question goes to the driver as it is: putting it together anew takes longer than asking.
    """
    chosen = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {columns[0]}"  # noqa: S608 - ours
    if connection.dialect.name == "postgresql":
        if values:
            yield from connection.exec_driver_sql(f"{chosen} = ANY(%s)", (list(values),))
        return
    for part in parts(list(values)):
        several = _evened(part)
        signs = ",".join("?" * len(several))
        yield from connection.exec_driver_sql(f"{chosen} IN ({signs})", tuple(several))


def newest_of(connection: Connection) -> int:
    """Return the number of the newest event."""
    asked = select(t.meta.c.value).where(t.meta.c.name == "token")
    return int(connection.execute(asked).scalar_one_or_none() or 0)


def tell(connection: Connection, name: str, value: str | None) -> None:
    """Keep a word under a name."""
    add = insert_of(connection)(t.meta)
    renew = add.on_conflict_do_update(index_elements=["name"], set_={"value": brought("value")})
    connection.execute(renew, [{"name": name, "value": value}])


def tell_about(connection: Connection, about: About) -> None:
    """Keep what holds for all portraits."""
    for name, value in about.to_words().items():
        tell(connection, name, value)


def brought(name: str) -> ColumnElement[Any]:
    """Return what a row brings that is there already, by the name of a column.

    SQLAlchemy's ``insert.excluded`` says the same by another copy of the table each time, which is
    garbage in rings: it stays until the collector looks through everything.
    """
    return literal_column(f"excluded.{name}")


def parts(values: list[Any]) -> Iterator[list[Any]]:
    """Cut values into so many as one question takes."""
    for at in range(0, len(values), _CHUNK):
        yield values[at : at + _CHUNK]


def one_of(column: ColumnElement[Any], part: Sequence[Any]) -> ColumnElement[bool]:
    """Return whether a column, or a tuple of them, is one of some values."""
    return column.in_(_evened(part))


def _evened(values: Sequence[Any]) -> list[Any]:
    """Return values of which the last comes again until they are as many as a power of two.

    A row that is asked for twice is found once. So there are ten ways to ask instead of hundreds,
    of which a connection would keep many ready, each 150 to 200 bytes a value.
    """
    count = len(values)
    return [*values, *list(values[-1:]) * ((1 << max(count - 1, 0).bit_length()) - count)]


def us_of(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(us: int) -> datetime:
    """Return the moment of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)
