"""Files are called so that nothing can be done with their names, and named only where they may."""

import pytest

from limner.service.problems import Problem
from limner.service.receiving import named_file, tidy_name
from limner.service.settings import ServeConfig


@pytest.mark.parametrize(
    ("told", "media", "called"),
    [
        ("orders.csv", "", "orders.csv"),
        ("../../etc/pass wd.csv", "", "pass wd.csv"),
        ("c:\\x\\ORDERS.JSONL.GZ", "", "ORDERS.JSONL.GZ"),
        ("", "text/csv; charset=utf-8", "file.csv"),
        ("..", "application/jsonl", "file.jsonl"),
        ("a\0b\n.csv", "", "a_b_.csv"),
        ("x" * 300, "text/csv", "x" * 128 + ".csv"),
    ],
)
def test_a_name_becomes_a_name_alone(told, media, called):
    assert tidy_name(told, media) == called


def test_what_says_nothing_of_its_form_is_refused():
    with pytest.raises(Problem, match="CSV, JSON lines or Parquet"):
        tidy_name("x.exe", "application/octet-stream")


def test_no_file_is_named_where_none_may_be(tmp_path):
    with pytest.raises(Problem, match="only be sent"):
        named_file("a.csv", tmp_path, ServeConfig())
    with pytest.raises(Problem, match="only be sent"):
        named_file("a.csv", None, ServeConfig(import_folder="x"))
    (tmp_path / "x").mkdir()
    (tmp_path / "x2").mkdir()
    (tmp_path / "x2" / "a.csv").write_text("")
    with pytest.raises(Problem, match="must lie below"):
        named_file("../x2/a.csv", tmp_path, ServeConfig(import_folder="x"))
