"""Words and numbers in any type, as expressions: trimmed, and empty is missing."""

import polars as pl

__all__ = ["numbers", "words"]

_NO_WORDS = ("", "nan", "null", "none", "na", "n/a", "-")


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

    What cannot be read is null. Minus nought becomes nought, so that equal rows are equal bytes.
    """
    column = pl.col(name)
    if dtype == pl.String:
        text = words(name, pl.String(), no_words=True).str.replace_all(r"[\s_'€$£¥₹]", "")
        if decimal_comma:
            text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        else:
            text = text.str.replace_all(",", "", literal=True)
        # "(3.50)" is how bookkeepers write minus.
        text = text.str.replace(r"^\((.+)\)$", "-$1")
        number = text.cast(pl.Float64, strict=False)
    else:
        number = column.cast(pl.Float64, strict=False)
    return pl.when(number == 0).then(0.0).otherwise(number).alias(name)
