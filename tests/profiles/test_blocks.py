"""Vectors of customers are read as they were written, and a broken file says so."""

import json

import numpy as np
import polars as pl
import pytest

from limner.errors import BadStore
from limner.profiles.blocks import CustomerBlock, blocks_in


def write(path, **blocks):
    """Write blocks as ``limner embed`` does: a list a customer, null for who has none."""
    size = len(next(iter(blocks.values())))
    columns = {"customer_id": [f"c{at}" for at in range(size)]}
    columns |= {name: pl.Series(rows, dtype=pl.List(pl.Float32)) for name, rows in blocks.items()}
    dims = {name: len(next(row for row in rows if row)) for name, rows in blocks.items()}
    told = [
        {"name": name, "version": f"v-{name}", "dim": dim, "as_of": "2026-05-01T00:00:00+00:00"}
        for name, dim in dims.items()
    ]
    pl.DataFrame(columns).write_parquet(path, metadata={"limner": json.dumps({"blocks": told})})
    return path


def test_a_block_is_read_of_those_who_have_one(tmp_path):
    path = write(
        tmp_path / "b.parquet", text=[[1.0], [2.0], [3.0]], sequence=[[1.0, 2.0], None, [3.0, 4.0]]
    )
    assert list(blocks_in(path)) == ["sequence", "text"], "the best first"
    found = CustomerBlock.read(path, "sequence")
    assert (found.version, found.customers.tolist()) == ("v-sequence", ["c0", "c2"])
    np.testing.assert_array_equal(found.vectors, np.array([[1, 2], [3, 4]], np.float32))
    np.testing.assert_array_equal(found.of("c2"), [3, 4])
    assert found.of("c1") is None


def test_what_is_not_there_or_broken_is_said(tmp_path):
    assert blocks_in(tmp_path / "none.parquet") == {}
    path = write(tmp_path / "b.parquet", text=[[1.0]])
    with pytest.raises(BadStore, match="no block 'image'"):
        CustomerBlock.read(path, "image")
    pl.DataFrame({"customer_id": ["a"]}).write_parquet(path)
    with pytest.raises(BadStore, match="cannot be read"):
        blocks_in(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(BadStore, match="cannot be read"):
        blocks_in(path)
