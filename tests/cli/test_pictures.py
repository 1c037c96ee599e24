"""Tables of pictures: what is left out is counted, and what cannot be opened is named."""

import polars as pl
import pytest

from limner.cli.pictures import openable, read_pictures, shared
from limner.errors import BadPicture, BadSource
from painted import painted


def test_rows_without_a_picture_or_a_label_are_left_out_and_counted(tmp_path):
    file = tmp_path / "table.parquet"
    rows = {
        "photo": ["a.png", None, "c.png", "d.png"],
        "kind": ["x", "x", None, "y"],
        "title": ["red apple", "b", "c", None],
        "brand": ["best", None, None, None],
    }
    pl.DataFrame(rows).write_parquet(file)
    found = read_pictures(file, image="photo", label="kind", text=("title", "brand"))
    assert found.pictures == [tmp_path / "a.png", tmp_path / "d.png"]
    assert found.labels == ["x", "y"]
    assert found.texts == ["red apple best", ""]
    assert (len(found), found.left_out) == (2, 2)
    alone = read_pictures(file, image="photo")
    assert (len(alone), alone.labels, alone.texts, alone.left_out) == (3, None, None, 1)


def test_a_number_that_is_none_is_no_label(tmp_path):
    file = tmp_path / "table.parquet"
    pl.DataFrame({"photo": [b"a", b"b"], "price": [float("nan"), 2.0]}).write_parquet(file)
    assert read_pictures(file, image="photo", label="price").pictures == [b"b"]


def test_what_is_no_table_of_pictures_is_refused(tmp_path):
    file = tmp_path / "table.parquet"
    pl.DataFrame({"photo": [1, 2], "kind": [None, None]}).write_parquet(file)
    with pytest.raises(BadSource, match="has no row with 'photo' and 'kind'"):
        read_pictures(file, image="photo", label="kind")
    with pytest.raises(BadSource, match="must be bytes or paths"):
        read_pictures(file, image="photo")
    with pytest.raises(BadSource, match="no column 'title'"):
        read_pictures(file, image="photo", text=("title",))


def test_the_same_picture_is_known_by_its_bytes_wherever_it_lies(tmp_path):
    (one, two), _ = painted(2)
    (tmp_path / "one.png").write_bytes(one)
    assert shared([one, two], [tmp_path / "one.png", tmp_path / "gone.png"]) == 1
    assert shared([tmp_path / "gone.png"], [tmp_path / "gone.png"]) == 0


def test_those_that_open_are_kept_and_the_others_have_a_reason(tmp_path):
    (one,), _ = painted(1)
    kept, refused = openable([b"none", one, tmp_path / "gone.png"])
    assert kept.tolist() == [1]
    assert set(refused) == {0, 2}
    assert "gone.png cannot be opened" in refused[2]
    with pytest.raises(BadPicture, match="cannot be opened"):
        openable([b"none"])
    assert openable([])[0].tolist() == []
