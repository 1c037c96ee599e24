"""Data frames of any maker, through narwhals: a first look, and batches."""

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import polars as pl

from limner.errors import BadSource

__all__ = ["batches_of", "first_rows"]


def first_rows(source: object, rows: int) -> pl.DataFrame:
    """Return the first rows of a data frame of any maker.

    Raises
    ------
    BadSource
        If it is no data frame that narwhals knows.
    """
    return _to_polars(_taken(source).head(rows))


def batches_of(source: object, *, rows: int) -> Iterator[tuple[pl.DataFrame, float]]:
    """Go through a data frame: its rows, and the share that has been read.

    A frame in memory is cut into slices. A lazy one is streamed if it is of Polars or DuckDB,
    and else collected once.

    Raises
    ------
    BadSource
        If it is no data frame that narwhals knows.
    """
    taken = _taken(source)
    if isinstance(taken, nw.LazyFrame):
        native: Any = taken.to_native()
        if isinstance(native, pl.LazyFrame):
            for frame in native.collect_batches(chunk_size=rows, maintain_order=True):
                yield frame, 0.5
            return
        stream = getattr(native, "to_arrow_reader", None)  # DuckDB's, since 1.4
        if stream is not None:
            for batch in stream(rows):
                yield _from_arrow(batch), 0.5
            return
        taken = taken.collect(backend="polars")
    for at in range(0, max(1, len(taken)), rows):
        part = _to_polars(taken[at : at + rows])
        yield part, min(1.0, (at + rows) / max(1, len(taken)))


def _taken(source: object) -> Any:  # noqa: ANN401 - eager or lazy
    try:
        return nw.from_native(source)
    except TypeError:
        raise BadSource(
            f"a source must be a path, an address or a data frame, got {type(source).__name__}",
            hint="pandas, Polars, Arrow and DuckDB frames are known, and others of narwhals",
        ) from None


def _to_polars(taken: Any) -> pl.DataFrame:  # noqa: ANN401
    if isinstance(taken, nw.LazyFrame):
        taken = taken.collect(backend="polars")
    return _plain(taken.to_polars())


def _from_arrow(batch: Any) -> pl.DataFrame:  # noqa: ANN401 - pyarrow has no types
    return _plain(pl.DataFrame(batch))


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Say categories as the text that they stand for."""
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
