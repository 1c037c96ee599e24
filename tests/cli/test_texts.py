"""Tables and files of texts are read, whatever their ending, and never guessed at."""

import numpy as np
import polars as pl
import pytest

from limner.cli.texts import beside_of, read_table, read_texts, unlabelled_texts
from limner.errors import BadSource

TABLE = pl.DataFrame({"text": ["a b", "好", None], "n": [1, 2, 3]})


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv", "jsonl", "json"])
def test_tables_of_every_ending_are_alike(tmp_path, ending):
    file = tmp_path / f"table.{ending}"
    match ending:
        case "parquet":
            TABLE.write_parquet(file)
        case "csv":
            TABLE.write_csv(file)
        case "tsv":
            TABLE.write_csv(file, separator="\t")
        case "jsonl":
            TABLE.write_ndjson(file)
        case "json":
            TABLE.write_json(file)
    assert read_table(file).equals(TABLE)
    assert read_texts(file) == [("a b",), ("好",), (None,)]
    assert read_texts(file, ["text", "n"]) == [("a b", "1"), ("好", "2"), (None, "3")]


def test_lines_of_a_text_are_texts_also_the_empty_and_the_broken(tmp_path):
    file = tmp_path / "new.txt"
    file.write_bytes(b"one\n\n\xff\xfe two\r\nthree")
    assert read_texts(file) == [("one",), ("",), ("\ufffd\ufffd two",), ("three",)]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "table.xls").write_bytes(b"")
    with pytest.raises(BadSource, match="cannot be read as a table"):
        read_table(tmp_path / "broken.parquet")
    with pytest.raises(BadSource, match="must end in one of"):
        read_table(tmp_path / "table.xls")


def test_numbers_and_lists_stand_side_by_side(tmp_path):
    table = pl.DataFrame({"a": [1, None], "b": [[1.0, 2.0], None], "c": [True, False]})
    told = beside_of(table, ["a", "b", "c"], tmp_path)
    assert np.array_equal(told, [[1, 1, 2, 1], [np.nan, np.nan, np.nan, 0]], equal_nan=True)
    assert beside_of(table, [], tmp_path) is None
    uneven = pl.DataFrame({"b": [[1.0], [1.0, 2.0]]})
    with pytest.raises(BadSource, match="must be of one length"):
        beside_of(uneven, ["b"], tmp_path)


def test_texts_without_a_label_are_read_one_by_one(tmp_path):
    TABLE.with_columns(other=pl.lit("c")).write_parquet(tmp_path / "t.parquet")
    found = unlabelled_texts(tmp_path / "t.parquet", ["text", "other"])
    assert found == ["a b", "c", "好", "c", "c"]
    (tmp_path / "lines.txt").write_text("one\n\ntwo\n")
    assert unlabelled_texts(tmp_path / "lines.txt", ["text"]) == ["one", "two"]
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(BadSource, match="holds no text"):
        unlabelled_texts(tmp_path / "empty.txt")
    with pytest.raises(BadSource, match="is not there"):
        unlabelled_texts(tmp_path / "nowhere.txt")
