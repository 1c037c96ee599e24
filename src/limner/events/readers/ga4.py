"""Google Analytics 4 as it is exported to BigQuery: JSON lines or Parquet, nested."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import polars as pl

from limner.errors import BadSource
from limner.events.delimited import Stretch
from limner.events.event import CATEGORY_SEPARATOR
from limner.events.json_text import read_json_lines
from limner.events.look import Head, files_of, look_at_text
from limner.events.mapping import Mapping
from limner.events.shaping import check_columns
from limner.events.source import RawBatch
from limner.events.tables import stretches_of_parquet
from limner.events.unfolding import as_json, unfold

__all__ = ["Ga4"]

_KINDS = {
    "add_payment_info": "payment_info",
    "add_shipping_info": "checkout_step",
    "add_to_cart": "cart",
    "add_to_wishlist": "wish",
    "begin_checkout": "checkout",
    "purchase": "purchase",
    "refund": "return",
    "remove_from_cart": "uncart",
    "search": "search",
    "select_item": "click",
    "select_promotion": "promotion_click",
    "view_cart": "cart_view",
    "view_item": "view",
    "view_item_list": "list_view",
    "view_promotion": "promotion_view",
    "view_search_results": "search",
}
_STEPS = ("item_category", *(f"item_category{step}" for step in range(2, 6)))
_ITEM = ("item_id", "item_name", "item_brand", *_STEPS, "price", "quantity", "discount")
_VALUES = ("string_value", "int_value", "float_value", "double_value")
_KEPT = (
    "affiliation",
    "coupon",
    "creative_name",
    "creative_slot",
    "customer_type",
    "item_list_id",
    "item_list_name",
    "method",
    "page_location",
    "payment_type",
    "promotion_id",
    "promotion_name",
    "shipping",
    "shipping_tier",
    "tax",
)
_USED = ("currency", "ga_session_id", "search_term", "transaction_id", "value")
_TOP = ("event_timestamp", "event_name", "user_id", "user_pseudo_id")
_ECOMMERCE = ("transaction_id", "purchase_revenue", "refund_value")
_BLOCK_BYTES = 1 << 24

_TEXTS = pl.String()
_PARAM = pl.Struct({"key": _TEXTS, "value": pl.Struct(dict.fromkeys(_VALUES, _TEXTS))})
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(_TOP, _TEXTS),
    "event_params": pl.List(_PARAM),
    "ecommerce": pl.Struct(dict.fromkeys(_ECOMMERCE, _TEXTS)),
    "items": pl.List(pl.Struct(dict.fromkeys(_ITEM, _TEXTS))),
}


@final
class Ga4:
    """Reads the tables ``events_YYYYMMDD`` of the export.

    Events of the e-commerce specification become our kinds, one event an item; all others keep
    their names. An item's ``price`` is what it cost after its ``discount``, both for one piece,
    so the price before the discount is their sum. Who is not signed in goes by the
    ``user_pseudo_id``.
    """

    def sniff(self, head: Head) -> float:
        """Return 0.95 if time, name and pseudonym stand under their names."""
        columns = set(head.columns)
        known = {"event_timestamp", "event_name"} <= columns
        own = {"user_pseudo_id", "event_params", "items"} & columns
        return 0.95 if known and own and head.form in ("json_lines", "parquet") else 0.0

    def suggest(self, head: Head) -> Mapping:  # noqa: ARG002 - the export is always the same
        """Return the only mapping there is; ``kinds`` may rename events."""
        return Mapping(reader="ga4")

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the events; raises BadSource if a file is broken or is no export."""
        files = files_of(source)
        if not files:
            raise BadSource(f"{source} must be files of the export, but there are none")
        for at, file in enumerate(files):
            for stretch in _stretches(file, batch_rows):
                calls = _calls(stretch.frame.with_columns(stretch.line), mapping)
                events, catalogue = unfold(calls)
                batch = RawBatch(
                    events,
                    stretch.refused,
                    catalogue=catalogue,
                    progress=stretch.progress,
                    file=str(file),
                )
                yield batch.of_many(at, len(files))


def _stretches(path: Path, batch_rows: int) -> Iterator[Stretch]:
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if not is_parquet:
        start = look_at_text(path)[1]["start"]
        width = max(1, len(start) // max(1, start.count(b"\n")))
        block_bytes = max(1 << 12, min(_BLOCK_BYTES, batch_rows * width))
        yield from read_json_lines(path, _SCHEMA, block_bytes=block_bytes)
        return
    wanted = Mapping(reader="ga4", columns={"time": "event_timestamp", "kind": "event_name"})
    for stretch in stretches_of_parquet(path, batch_rows=min(batch_rows, 200_000)):
        check_columns(stretch.frame.columns, wanted, name=str(path))
        frame = stretch.frame.select(
            _as(pl.col(name), stretch.frame.schema.get(name), _whole(dtype)).alias(name)
            for name, dtype in _SCHEMA.items()
        )
        yield Stretch(frame, stretch.line, stretch.refused, stretch.progress)


def _whole(dtype: Any) -> pl.DataType:  # noqa: ANN401 - a data type, or its class
    found: pl.DataType = dtype if isinstance(dtype, pl.DataType) else dtype()
    return found


def _as(  # noqa: PLR0911 - one return a shape
    value: pl.Expr, have: pl.DataType | None, want: pl.DataType
) -> pl.Expr:
    """Bring a nested column to the type that the JSON is read with; what is not there is null."""
    if have is None:
        return pl.lit(None, want)
    if isinstance(have, pl.Struct) and len(have.fields) == 1 and isinstance(want, pl.List):
        # Older writers put a list into {list: [{element: …}]}.
        field = have.fields[0]
        return _as(value.struct.field(field.name), _whole(field.dtype), want)
    if isinstance(have, pl.List) and isinstance(want, pl.List):
        inner = _whole(have.inner)
        return value.list.eval(_as(pl.element(), inner, _whole(want.inner)))
    if isinstance(have, pl.Struct) and isinstance(want, pl.Struct):
        fields = {field.name: _whole(field.dtype) for field in have.fields}
        only = next(iter(fields), "")
        if len(fields) == 1 and only in ("element", "item", "array_element"):
            return _as(value.struct.field(only), fields[only], want)
        parts = [
            _as(
                value.struct.field(name) if name in fields else value,
                fields.get(name),
                _whole(inner),
            ).alias(name)
            for name, inner in want.to_schema().items()
        ]
        return pl.when(value.is_not_null()).then(pl.struct(parts))
    if isinstance(want, pl.String) and not have.is_nested():
        return value.cast(pl.String)
    return pl.lit(None, want)


def _calls(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    rows = _with_params(rows)
    kinds = {**_KINDS, **mapping.kinds}
    name = pl.col("event_name")
    param = {key: pl.col(f"_{key}") for key in (*_KEPT, *_USED)}
    paid = pl.coalesce(
        pl.when(name == "refund").then(pl.col("ecommerce").struct.field("refund_value")),
        pl.when(name == "purchase").then(pl.col("ecommerce").struct.field("purchase_revenue")),
        param["value"],
    )
    order = pl.coalesce(pl.col("ecommerce").struct.field("transaction_id"), param["transaction_id"])
    return rows.select(
        "_line",
        customer_id=pl.coalesce(_filled("user_id"), _filled("user_pseudo_id")),
        time="event_timestamp",
        kind=name.replace(kinds),
        order_id=pl.when(order != "(not set)").then(order),
        session_id=param["ga_session_id"],
        currency=param["currency"],
        text=param["search_term"],
        rating=pl.lit(None, pl.String),
        event_id=pl.lit(None, pl.String),
        properties=as_json({key: param[key] for key in _KEPT}),
        total=paid,
        order_discount=pl.lit(None, pl.String),
        items=pl.col("items").list.eval(_item()),
    )


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _with_params(rows: pl.DataFrame) -> pl.DataFrame:
    """Put the parameters that matter into columns of their own, named with ``_`` before."""
    wanted = (*_KEPT, *_USED)
    rows = rows.with_row_index("_row")
    value = pl.col("event_params").struct.field("value")
    long = (
        rows.select("_row", "event_params")
        .explode("event_params")
        .select(
            "_row",
            key=pl.col("event_params").struct.field("key"),
            value=pl.coalesce(value.struct.field(kind) for kind in _VALUES),
        )
        .filter(pl.col("key").is_in(wanted))
    )
    wide = long.group_by("_row").agg(
        pl.col("value").filter(pl.col("key") == key).first().alias(f"_{key}") for key in wanted
    )
    return rows.join(wide, on="_row", how="left", maintain_order="left")


def _item() -> pl.Expr:
    """Return one item with our names; price and discount are for one piece in the export."""
    field = pl.element().struct.field
    off = field("discount").cast(pl.Float64, strict=False)
    paid = field("price").cast(pl.Float64, strict=False)
    pieces = field("quantity").cast(pl.Float64, strict=False).fill_null(1.0)
    steps = [pl.when(~field(step).is_in(["", "(not set)"])).then(field(step)) for step in _STEPS]
    path = pl.concat_str(steps, separator=CATEGORY_SEPARATOR, ignore_nulls=True)
    return pl.struct(
        item_id=field("item_id"),
        title=field("item_name"),
        category=pl.when(path != "").then(path),
        brand=field("item_brand"),
        image=pl.lit(None, pl.String),
        price=(paid + off.fill_null(0.0)).cast(pl.String),
        quantity=field("quantity"),
        discount=(off * pieces).cast(pl.String),
    )
