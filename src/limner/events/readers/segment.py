"""Segment's calls as JSON lines: track, identify, page, screen, group, alias, and batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Table
from typing import final

import polars as pl

from limner.errors import BadSource
from limner.events.calls import evidence_of_calls
from limner.events.delimited import Stretch
from limner.events.json_text import parse_json_block, read_json_lines
from limner.events.look import Head, files_of, look_at_text
from limner.events.mapping import Mapping
from limner.events.moments import read_moments, within_years
from limner.events.refusals import refuse
from limner.events.segment_words import ITEM_NAMES, ORDER_NAMES, kind_of
from limner.events.shaping import typed_attributes
from limner.events.source import RawBatch
from limner.events.unfolding import as_json, unfold

__all__ = ["Segment"]

_TYPES = ("track", "identify", "page", "screen", "group", "alias")
_TELLING = ("identify", "group", "alias")
_BLOCK_BYTES = 1 << 24
_CALL = (
    "type",
    "messageId",
    "anonymousId",
    "userId",
    "event",
    "name",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "receivedAt",
    "groupId",
    "previousId",
    "traits",
    "context",
)
_SPENT = frozenset(
    {"product_id", "price", "quantity", "currency", "discount", "order_id", "query", "rating"}
    | {"review_body", "session_id", "products"}
)
_OF_ITEM = ("product_id", "sku", "name", "category", "brand", "image_url", "price", "quantity")
"""What is read of an item; each more takes time with every call."""
_PRICED = ("subtotal", "revenue", "value", "total", "price")
_READ = (*sorted(_SPENT - {"products"}), *_OF_ITEM, *_PRICED)
"""The properties that have a place of their own in an event."""


@final
class Segment:
    """Reads calls as Segment, RudderStack and their like send and store them.

    Track calls become events, one for each of ``products[]``; page and screen calls ``page_view``.
    Identify calls become attributes, known at their time; group and alias calls the attributes
    ``group_id`` and ``previous_id``. Who never said a ``userId`` goes by the ``anonymousId``.
    A missing ``timestamp`` is worked out as Segment does: ``receivedAt`` less how long the call
    had waited on the device.
    """

    def sniff(self, head: Head) -> float:
        """Return up to 0.95 by how many of the first objects are calls."""
        if head.form != "json_lines" or head.frame is None or head.frame.is_empty():
            return 0.0
        frame = head.frame
        if "batch" in frame.columns:
            return 0.95 if frame["batch"].str.contains('"type"', literal=True).any() else 0.0
        if "type" not in frame.columns or not {"userId", "anonymousId"} & set(frame.columns):
            return 0.0
        return 0.95 * len(frame["type"].is_in(_TYPES).arg_true()) / len(frame)

    def suggest(self, head: Head) -> Mapping:  # noqa: ARG002 - a call is always the same
        """Return the only mapping there is; ``kinds`` may rename the shop's own events."""
        return Mapping(reader="segment")

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the calls; raises BadSource if a file is broken as a whole."""
        files = files_of(source)
        if not files:
            raise BadSource(f"{source} must be JSON lines of calls, but there are none")
        for at, file in enumerate(files):
            sample, known = look_at_text(file, encoding=mapping.options.encoding)
            own = [name.split(".")[-1] for name in sample.columns if _is_property(name)]
            names = list(dict.fromkeys([*ITEM_NAMES, *ORDER_NAMES, *own]))
            schema = _schema(names, _OF_ITEM)
            width = max(1, len(known["start"]) // max(1, known["start"].count(b"\n")))
            block_bytes = max(1 << 12, min(_BLOCK_BYTES, batch_rows * width))
            for stretch in read_json_lines(
                file, schema, encoding=known["encoding"], block_bytes=block_bytes
            ):
                yield _batch(stretch, names, _OF_ITEM, mapping, str(file)).of_many(at, len(files))

    def read_calls(
        self,
        lines: bytes,
        mapping: Mapping,
        *,
        own: Iterable[str] = _READ,
        of_items: Iterable[str] = _OF_ITEM,
        source: str,
    ) -> RawBatch:
        """Return calls that came from elsewhere than a file, as it would return a file's.

        Parameters
        ----------
        lines
            One call, or one batch of calls, as a JSON object a line.
        mapping
            How the shop's own events are called.
        own
            Names of the properties that there are; others are not looked for.
        of_items
            The same of ``products``.
        source
            What to call the place that they come from, in what is refused.
        """
        wanted = set(own) - {"products"}
        known = dict.fromkeys([*ITEM_NAMES, *ORDER_NAMES, *sorted(wanted)])
        names = [name for name in known if name in wanted]
        there = set(of_items)
        items = [name for name in _OF_ITEM if name in there] or _OF_ITEM[:1]
        stretch, _ = parse_json_block(lines, _schema(names, items), line=1, file=source)
        return _batch(stretch, names, items, mapping, source)


def _is_property(name: str) -> bool:
    steps = name.split(".")
    return len(steps) == 2 and steps[0] == "properties" and steps[1] != "products"


def _schema(names: list[str], items: Sequence[str]) -> dict[str, pl.DataType | type[pl.DataType]]:
    fields: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(names, pl.String)
    fields["products"] = pl.List(pl.Struct(dict.fromkeys(items, pl.String)))
    call: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(_CALL, pl.String)
    call["properties"] = pl.Struct(fields)
    return {**call, "batch": pl.List(pl.Struct(call)), "sentAt": pl.String}


def _batch(
    stretch: Stretch, names: list[str], items: Sequence[str], mapping: Mapping, file: str
) -> RawBatch:
    calls = _unpacked(stretch.frame.with_columns(stretch.line))
    customer = pl.coalesce(_filled("userId"), _filled("anonymousId"))
    calls = calls.with_columns(
        _type=pl.col("type").str.to_lowercase(),
        customer_id=customer,
        time=_times(calls),
    )
    telling = pl.col("_type").is_in(_TELLING)
    unknown = (~pl.col("_type").is_in(_TYPES)).fill_null(value=True)
    nobody = telling & pl.col("customer_id").is_null()
    refused = [
        stretch.refused,
        _refused(
            calls.filter(unknown), "unknown_call", f"type must be one of {', '.join(_TYPES)}", file
        ),
        _refused(calls.filter(nobody), "customer_missing", "the call names no customer", file),
    ]
    done = calls.filter(~unknown & ~telling)
    events, catalogue = unfold(_as_events(done, names, items, mapping))
    told = calls.filter(telling & ~nobody)
    return RawBatch(
        events,
        pl.concat(refused),
        catalogue=catalogue,
        attributes=_attributes(told) if len(told) else None,
        evidence=evidence_of_calls(calls.filter(~unknown)),
        told=told.select("_line", known_at=read_moments(told["time"]).time) if len(told) else None,
        other_rows=len(told),
        progress=stretch.progress,
        file=file,
    )


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))


def _unpacked(calls: pl.DataFrame) -> pl.DataFrame:
    """Put the calls of batches in the place of the batches."""
    plain = calls.filter(pl.col("batch").is_null()).drop("batch")
    if len(plain) == len(calls):
        return plain
    packed = calls.filter(pl.col("batch").is_not_null())
    sent = packed.select("_line", "batch", _sent="sentAt").explode("batch").unnest("batch")
    sent = sent.with_columns(sentAt=pl.coalesce("sentAt", "_sent")).drop("_sent")
    return pl.concat([plain, sent.select(plain.columns)]).sort("_line", maintain_order=True)


def _times(calls: pl.DataFrame) -> pl.Series:
    """Return each call's time as text: the sender's, or worked out from when it was received."""
    told = calls.select(
        pl.coalesce(_filled("timestamp"), _filled("originalTimestamp"), "sentAt", "receivedAt")
    ).to_series()
    late = calls["timestamp"].is_null() & calls["originalTimestamp"].is_not_null()
    late &= calls["sentAt"].is_not_null() & calls["receivedAt"].is_not_null()
    if not late.any():
        return told
    received, sent, original = (
        read_moments(calls[name]).time for name in ("receivedAt", "sentAt", "originalTimestamp")
    )
    right = (received - (sent - original)).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return pl.select(pl.when(late & right.is_not_null()).then(right).otherwise(told)).to_series()


def _refused(calls: pl.DataFrame, reason: str, detail: str, file: str) -> pl.DataFrame:
    rows = calls.select("type", "event", "name", "messageId", "userId", "timestamp", "_line")
    return refuse(
        rows,
        reason=pl.Series([reason]).new_from_index(0, len(rows)),
        detail=pl.Series([detail]).new_from_index(0, len(rows)),
        file=file,
    )


def _as_events(
    calls: pl.DataFrame, names: list[str], items: Sequence[str], mapping: Mapping
) -> pl.DataFrame:
    nothing = dict.fromkeys(_READ, pl.lit(None, pl.String))
    property_ = nothing | {name: pl.col("properties").struct.field(name) for name in names}
    paged = pl.col("_type").is_in(["page", "screen"])
    rest = {name: property_[name] for name in names if name not in _SPENT}
    return calls.select(
        "customer_id",
        "time",
        "_line",
        kind=_kinds(calls, mapping),
        order_id=property_["order_id"],
        session_id=property_["session_id"],
        currency=property_["currency"],
        text=pl.coalesce(property_["query"], property_["review_body"]),
        rating=property_["rating"],
        event_id="messageId",
        properties=as_json({**rest, "page": pl.when(paged).then("name")}),
        total=pl.coalesce(property_[name] for name in _PRICED),
        order_discount=property_["discount"],
        items=_items(names, items),
    )


def _items(names: Sequence[str], items: Sequence[str]) -> pl.Expr:
    """Return the items of each call: its products, or the one that its properties name."""
    own = pl.col("properties").struct.field
    products = own("products")
    several = pl.when((products.list.len() > 0).fill_null(value=False)).then(
        products.list.eval(_item(pl.element().struct.field, items))
    )
    ids = [own(name).is_not_null() for name in ("product_id", "sku") if name in names]
    if not ids:
        return several
    return several.when(pl.any_horizontal(ids)).then(pl.concat_list(_item(own, names)))


def _item(told: Callable[[str], pl.Expr], there: Sequence[str]) -> pl.Expr:
    def field(name: str) -> pl.Expr:
        return told(name) if name in there else pl.lit(None, pl.String)

    named = {
        "item_id": pl.coalesce(field("product_id"), field("sku")),
        "title": field("name"),
        "category": field("category"),
        "brand": field("brand"),
        "image": field("image_url"),
        "price": field("price"),
        "quantity": field("quantity"),
        "discount": pl.lit(None, pl.String),
    }
    return pl.struct(value.alias(name) for name, value in named.items())


def _kinds(calls: pl.DataFrame, mapping: Mapping) -> pl.Expr:
    ours: Table[str, str] = {
        event: mapping.kinds.get(event) or kind_of(event)
        for event in calls["event"].drop_nulls().unique()
    }
    tracked = pl.col("event").replace_strict(ours, default=None, return_dtype=pl.String)
    return (
        pl.when(pl.col("_type").is_in(["page", "screen"]))
        .then(pl.lit("page_view"))
        .otherwise(tracked)
    )


def _attributes(calls: pl.DataFrame) -> pl.DataFrame:
    """Return what identify, group and alias calls tell, known at the time of the call."""
    known = calls.select("_type", "customer_id", "traits", "groupId", "previousId").with_columns(
        known_at=within_years(read_moments(calls["time"]).time)
    )
    own = known.filter(pl.col("_type") == "identify")
    texts = own["traits"].str.json_path_match("$")
    names = sorted(_trait_names(texts))
    rows = [
        own.select(
            "customer_id",
            "known_at",
            name=pl.lit(name),
            value=texts.str.json_path_match(f"$['{name}']"),
        )
        for name in names
    ]
    for kind, column, name in (
        ("group", "groupId", "group_id"),
        ("alias", "previousId", "previous_id"),
    ):
        part = known.filter(pl.col("_type") == kind)
        rows.append(part.select("customer_id", "known_at", name=pl.lit(name), value=column))
    order = ["customer_id", "name", "value", "known_at"]
    return typed_attributes(pl.concat([row.select(order) for row in rows]))


def _trait_names(texts: pl.Series) -> set[str]:
    """Return every trait that somebody has; names with quotes in them are left out."""
    found = texts.drop_nulls().str.extract_all(r'"([^"\\\']+)":').explode().drop_nulls().unique()
    return {name[1:-2] for name in found}
