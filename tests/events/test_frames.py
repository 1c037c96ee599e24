"""Any data frame, in batches."""

import polars as pl
import pytest

from limner.events.frames import batches_of, first_rows

FRAME = pl.DataFrame({"customer_id": ["a", "b", "c"], "time": ["1", "2", "3"]})


@pytest.mark.parametrize("dress", [lambda f: f, pl.DataFrame.lazy, pl.DataFrame.to_arrow])
def test_every_row_comes_once_and_in_order(dress):
    batches = list(batches_of(dress(FRAME), rows=2))
    assert pl.concat([frame for frame, _ in batches]).equals(FRAME)
    shares = [share for _, share in batches]
    assert shares == sorted(shares)
    assert shares[-1] <= 1.0


def test_the_first_rows_are_the_first():
    assert first_rows(FRAME, 2).equals(FRAME.head(2))
