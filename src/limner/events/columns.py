"""Words and numbers in any type, as expressions: trimmed, and empty is missing."""

import polars as pl

__all__ = ["numbers", "words"]

_NO_WORDS = ("", "nan", "null", "none", "na", "n/a", "-")

# The last group has three digits; those before it may have two, as in 12,34,567 in India.
_THOUSANDS = r"^[-+(]*[1-9]\d{{0,2}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}(?:{point}\d*)?\)?$"


def words(name: str, dtype: pl.DataType, *, no_words: bool = False) -> pl.Expr:
    """Return a column as text without blanks around it; an empty text is null.

    A whole number written as a float, 17850.0, becomes the text ``17850``.

    Parameters
    ----------
    name
        The column.
    dtype
        Its type now.
    no_words
        Whether what people write for nothing, ``n/a`` or ``null``, is null too.
    """
    column = pl.col(name)
    if dtype.is_float():
        finite = pl.when(column.is_finite()).then(column)
        whole = (finite == finite.round(0)) & (finite.abs() < 2**53)
        text = (
            pl.when(whole)
            .then(finite.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(finite.cast(pl.String))
        )
        return text.alias(name)
    if dtype.is_integer() or dtype in {pl.Boolean, pl.Null}:
        return column.cast(pl.String)
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode().alias(name)
    text = column.cast(pl.String).str.strip_chars()
    if no_words:
        return pl.when(~text.str.to_lowercase().is_in(_NO_WORDS)).then(text).alias(name)
    return pl.when(text != "").then(text).alias(name)


def numbers(name: str, dtype: pl.DataType, *, decimal_comma: bool = False) -> pl.Expr:
    """Return a column as 64-bit floats; text may carry blanks, thousands and a currency sign.

    What cannot be read is null: also a comma that parts no thousands, for ``4,50`` is not 450.
    Minus nought becomes nought, so that equal rows are equal bytes.

    Parameters
    ----------
    name
        The column.
    dtype
        Its type now.
    decimal_comma
        Whether text has a comma before its cents and dots between its thousands.
    """
    column = pl.col(name)
    if dtype == pl.String:
        text = words(name, pl.String(), no_words=True).str.replace_all(r"[\s_'€$£¥₹]", "")
        point, mark = (",", ".") if decimal_comma else (".", ",")
        parted = text.str.contains(mark, literal=True)
        thousands = text.str.contains(_THOUSANDS.format(mark=f"[{mark}]", point=f"[{point}]"))
        text = pl.when(~parted | thousands).then(text.str.replace_all(mark, "", literal=True))
        # "(3.50)" is how bookkeepers write minus.
        number = (
            text.str.replace(point, ".", literal=True)
            .str.replace(r"^\((.+)\)$", "-$1")
            .cast(pl.Float64, strict=False)
        )
    else:
        number = column.cast(pl.Float64, strict=False)
    return pl.when(number == 0).then(0.0).otherwise(number).alias(name)
