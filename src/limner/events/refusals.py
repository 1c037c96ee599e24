"""What is kept of a row that cannot be an event: why, where it stood, and the row itself."""

import polars as pl

__all__ = ["REFUSED_SCHEMA", "ROW_BYTES", "nothing_refused", "refuse", "rows_as_json"]

REFUSED_SCHEMA = pl.Schema(
    {
        "reason": pl.String,
        "detail": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "row": pl.String,
    }
)
"""Columns of the rejects: a reason from a short list, one sentence, the file or query, the line or
row number in it counted from 1 (null if unknown), and the row as JSON or raw text."""

ROW_BYTES = 4096
"""How much of a refused row is kept, in bytes of UTF-8."""


def nothing_refused() -> pl.DataFrame:
    """Return the empty frame of :data:`REFUSED_SCHEMA`."""
    return pl.DataFrame(schema=REFUSED_SCHEMA)


def refuse(
    rows: pl.DataFrame, *, reason: pl.Series, detail: pl.Series, file: str | pl.Series
) -> pl.DataFrame:
    """Turn rows into refused rows; a column ``_line``, if there is one, becomes the line.

    Parameters
    ----------
    rows
        The rows as they came, without those that are welcome.
    reason, detail
        One of each for each row.
    file
        Where they came from: one name, or one for each row.
    """
    if rows.is_empty():
        return nothing_refused()
    own = rows.select(pl.exclude("^_.*$"))
    return rows.select(
        reason=reason.cast(pl.String),
        detail=detail.cast(pl.String),
        file=pl.lit(file, pl.String) if isinstance(file, str) else file.cast(pl.String),
        line=pl.col("_line").cast(pl.Int64) if "_line" in rows.columns else pl.lit(None, pl.Int64),
        row=rows_as_json(own),
    )


def rows_as_json(rows: pl.DataFrame) -> pl.Series:
    """Write each row as one JSON object, cut at :data:`ROW_BYTES`."""
    odd = [
        name
        for name, dtype in rows.schema.items()
        if dtype.is_temporal() or dtype.is_decimal() or dtype == pl.Binary
    ]
    plain = rows.with_columns(pl.col(odd).cast(pl.String, strict=False)) if odd else rows
    texts = plain.select(pl.struct(pl.all()).struct.json_encode().alias("row"))["row"]
    long = texts.str.len_bytes() > ROW_BYTES
    if not long.any():
        return texts
    cut = [text.encode()[:ROW_BYTES].decode(errors="ignore") for text in texts.filter(long)]
    return texts.scatter(long.arg_true(), cut)
