"""Sizes are counted so that limits can be added up."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from limner.events.outliers import STEPS, add_histograms, histogram, limit_of


def test_a_limit_is_near_the_true_quantile():
    values = np.random.default_rng(0).lognormal(2, 1, 50_000)
    limit = limit_of(histogram(pl.Series(values)), share=0.99)
    assert 1.0 <= limit / np.quantile(values, 0.99) <= 2 ** (1 / STEPS) + 0.01


@given(st.lists(st.floats(1e-6, 1e9), max_size=20), st.integers(0, 20))
def test_counts_of_parts_add_up_to_those_of_the_whole(values, cut):
    series = pl.Series(values, dtype=pl.Float64)
    parts = histogram(series.head(cut)), histogram(series.slice(cut))
    assert add_histograms(*parts) == histogram(series)
    assert sum(histogram(series).values()) == len(values)


def test_what_is_not_above_nought_has_no_size():
    assert histogram(pl.Series([0.0, -1.0, None])) == {}
    assert limit_of({}) is None
