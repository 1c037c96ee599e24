"""The log as models read it: names turned into codes, bucket by bucket."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.errors import TooFew
from limner.events.event import CATEGORY_SEPARATOR, amount
from limner.events.item_vectors import ItemVectors, looks_of

__all__ = ["LEDGER_SCHEMA", "Ledger", "Source", "age_days"]

LEDGER_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type] # the classes are types of columns
        "customer": pl.UInt32,
        "time": pl.Datetime("us", "UTC"),
        "kind": pl.UInt16,
        "item": pl.UInt32,
        "order": pl.UInt64,
        "quantity": pl.Float32,
        "amount": pl.Float64,
        "discount": pl.Float64,
        "price": pl.Float32,
        "department": pl.UInt32,
        "category": pl.UInt32,
        "brand": pl.UInt32,
    }
)
"""Columns of one part. Codes are positions in the ledger's name lists; ``order`` tells the orders
of one customer apart; ``amount`` is what the line was worth, negative for a return."""

CACHED_ROWS = 6_000_000
"""A log of at most this many rows is coded once and kept in memory; of a larger one each bucket
is coded again whenever it is read."""


class Source(Protocol):
    """What a ledger needs of a log; :class:`limner.events.EventLog` is one."""

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        ...

    def scan(self, *, bucket: int | None = None, before: datetime | None = None) -> pl.LazyFrame:
        """Return the events of one bucket, sorted by customer and time."""
        ...

    def catalogue(self) -> pl.DataFrame:
        """Return what is known of the items."""
        ...

    def attributes(self) -> pl.DataFrame:
        """Return what the customers told."""
        ...


@dataclass(slots=True)
class Ledger:
    """Events as codes, one frame a bucket, and the names behind the codes.

    Customers are numbered through the buckets, so that the arrays which a function computes bucket
    by bucket, laid end to end, have one row a customer in the order of :attr:`customers`.
    Nothing in a ledger is learned: a code is only another name.
    """

    parts_: Sequence[Callable[[], pl.DataFrame]]
    customers: NDArray[np.str_]
    offsets: NDArray[np.int64]
    items: NDArray[np.str_]
    item_category: NDArray[np.int64]
    item_department: NDArray[np.int64]
    item_brand: NDArray[np.int64]
    kinds: tuple[str, ...]
    categories: tuple[str, ...]
    departments: tuple[str, ...]
    brands: tuple[str, ...]
    first: datetime
    last: datetime
    rows: int
    source: Source
    looks: Mapping[str, ItemVectors] = field(default_factory=dict)
    """What models made of the words and pictures of the V items, by name."""
    _cache: dict[int, pl.DataFrame] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source, *, level: int = 2, before: datetime | None = None) -> Self:
        """Code a log.

        Parameters
        ----------
        source
            The log.
        level
            Which step of the category path is *the* category, counted from 1 at the broadest; a
            shorter path gives its last step. The first step is the department.
        before
            Read only events strictly before this moment.

        Raises
        ------
        TooFew
            If there is no event.
        """
        scans = [source.scan(bucket=number, before=before) for number in range(source.buckets)]
        facts = [
            scan.select(
                rows=pl.len(), first=pl.col("time").min(), last=pl.col("time").max()
            ).collect()
            for scan in scans
        ]
        summary = pl.concat(facts)
        rows = int(summary["rows"].sum())
        if not rows:
            raise TooFew("the log holds no event", hint="limner ingest FILE…")
        ids = [
            scan.select(pl.col("customer_id").unique().sort()).collect()["customer_id"]
            for scan in scans
        ]
        offsets = np.cumsum([0, *(len(one) for one in ids)])
        named = pl.concat(
            [scan.select(pl.col("item_id").drop_nulls().unique()).collect() for scan in scans]
        )
        kinds = sorted(
            pl.concat([scan.select(pl.col("kind").unique()).collect() for scan in scans])["kind"]
            .unique()
            .to_list()
        )
        steps = pl.col("category").str.split(CATEGORY_SEPARATOR)
        catalogue = (
            pl.concat([named, source.catalogue().select("item_id")])
            .unique()
            .sort("item_id")
            .join(source.catalogue().unique("item_id", keep="last"), on="item_id", how="left")
            .select(
                "item_id",
                department=steps.list.get(0, null_on_oob=True),
                category=steps.list.get(pl.min_horizontal(steps.list.len(), level).cast(int) - 1),
                brand=pl.col("brand"),
            )
        )
        coded, names = catalogue.with_row_index("item"), {}
        for column in ("department", "category", "brand"):
            values = catalogue[column].drop_nulls().unique().sort()
            names[column] = tuple(values.to_list())
            codes = pl.DataFrame({column: values}).with_row_index("code")
            coded = (
                coded.join(codes, on=column, how="left", maintain_order="left")
                .drop(column)
                .rename({"code": column})
            )
        keep = rows <= CACHED_ROWS
        cache: dict[int, pl.DataFrame] = {}

        def part(number: int) -> pl.DataFrame:
            if number in cache:
                return cache[number]
            frame = _code(scans[number], coded, ids[number], int(offsets[number]), kinds)
            if keep:
                cache[number] = frame
            return frame

        return cls(
            parts_=[_bind(part, number) for number in range(len(scans))],
            customers=np.concatenate([one.to_numpy().astype(np.str_) for one in ids]),
            offsets=offsets,
            items=catalogue["item_id"].to_numpy().astype(np.str_),
            item_category=_codes(coded["category"]),
            item_department=_codes(coded["department"]),
            item_brand=_codes(coded["brand"]),
            kinds=tuple(kinds),
            categories=names["category"],
            departments=names["department"],
            brands=names["brand"],
            first=summary["first"].min(),  # type: ignore[arg-type] # rows > 0
            last=summary["last"].max(),  # type: ignore[arg-type]
            rows=rows,
            source=source,
            looks=looks_of(source, catalogue["item_id"].to_numpy().astype(np.str_)),
            _cache=cache,
        )

    def __len__(self) -> int:
        return len(self.customers)

    def parts(self) -> Iterator[tuple[int, int, pl.DataFrame]]:
        """Go through the buckets: the first customer's code, the count, and the events."""
        for number, make in enumerate(self.parts_):
            start, end = int(self.offsets[number]), int(self.offsets[number + 1])
            if end > start:
                yield start, end - start, make()

    def kind_codes(self, kinds: Sequence[str]) -> list[int]:
        """Return the codes of those kinds that the log holds at all."""
        return [self.kinds.index(kind) for kind in kinds if kind in self.kinds]

    def names_of(self, column: str) -> tuple[str, ...]:
        """Return the names behind the codes of ``category``, ``department``, ``brand``."""
        return {
            "category": self.categories,
            "department": self.departments,
            "brand": self.brands,
        }[column]


def age_days(cut: datetime) -> pl.Expr:
    """Return how long before the cut each event was, in days, float64; positive in the past."""
    return (pl.lit(cut) - pl.col("time")).dt.total_microseconds() / 86_400_000_000.0


def _bind(part: Callable[[int], pl.DataFrame], number: int) -> Callable[[], pl.DataFrame]:
    return lambda: part(number)


def _codes(column: pl.Series) -> NDArray[np.int64]:
    """Return codes as integers, -1 where there is none."""
    return column.cast(pl.Int64).fill_null(-1).to_numpy()


def _code(
    scan: pl.LazyFrame,
    items: pl.DataFrame,
    ids: pl.Series,
    offset: int,
    kinds: Sequence[str],
) -> pl.DataFrame:
    """Replace names by codes in one bucket; the order of rows stays."""
    customers = pl.DataFrame({"customer_id": ids}).with_row_index("customer", offset=offset)
    sign = pl.when(pl.col("kind") == "return").then(-1.0).otherwise(1.0)
    return (
        scan.select(
            "customer_id",
            "time",
            "item_id",
            kind=pl.col("kind").cast(pl.Enum(kinds)).to_physical().cast(pl.UInt16),
            # Only ever compared within one customer of one bucket, so a process' own hash will do.
            # A missing id has a hash too, so it is not left to ``coalesce``.
            order=pl.when(pl.col("order_id").is_not_null())
            .then(pl.col("order_id").hash())
            .otherwise(pl.col("time").dt.timestamp("us").hash(seed=1)),
            quantity=pl.col("quantity").cast(pl.Float32),
            amount=amount() * sign,
            discount=pl.col("discount").fill_null(0.0),
            price=pl.col("price").cast(pl.Float32),
        )
        .join(customers.lazy(), on="customer_id", how="left", maintain_order="left")
        .join(items.lazy(), on="item_id", how="left", maintain_order="left")
        .select(pl.col(name).cast(dtype) for name, dtype in LEDGER_SCHEMA.items())
        .collect()
    )
