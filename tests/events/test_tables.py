"""Tables in files, stretch by stretch."""

import polars as pl

from limner.events.tables import stretches_of_parquet


def test_every_row_of_a_file_comes_once(tmp_path):
    table = pl.DataFrame({"a": list(range(1000))})
    table.write_parquet(tmp_path / "t.parquet", row_group_size=100)
    found = [one.frame for one in stretches_of_parquet(tmp_path / "t.parquet", batch_rows=256)]
    assert pl.concat(found)["a"].to_list() == table["a"].to_list()
    assert max(map(len, found)) <= 256
