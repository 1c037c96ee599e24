"""The same rows give the same sums, to the last bit."""

import numpy as np
import polars as pl

from limner.events.queries import steady


def test_sums_of_floats_are_the_same_every_time():
    rng = np.random.default_rng(3)
    rows = pl.DataFrame({"who": rng.integers(0, 50, 200_000), "worth": rng.normal(size=200_000)})
    query = rows.lazy().sort("who").group_by("who", maintain_order=True).agg(pl.col("worth").sum())
    first = steady(query)
    assert all(steady(query).equals(first) for _ in range(5))
