"""Cleaning is pure, types everything, and accounts for every row."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from limner.errors import BadConfig, BadSource
from limner.events.cleaning import CleaningConfig, Note, clean
from limner.events.event import EVENT_SCHEMA
from limner.events.refusals import REFUSED_SCHEMA
from log_tools import NOW, some_rows


def one(config=None, **values):
    row = {"customer_id": "c", "time": datetime(2025, 1, 1, tzinfo=UTC), "kind": "purchase"}
    return clean(pl.DataFrame([{**row, **values}]), config, file="f", now=NOW)


def kept(config=None, **values):
    (row,) = one(config, **values).kept.iter_rows(named=True)
    return row


def why(config=None, **values):
    cleaned = one(config, **values)
    assert cleaned.kept.is_empty()
    return cleaned.refused["reason"].to_list()


def test_the_kept_rows_have_the_schema_of_an_event():
    cleaned = clean(some_rows(5), file="f", now=NOW)
    assert cleaned.kept.schema == pl.Schema({**EVENT_SCHEMA, "_line": pl.Int64})
    assert cleaned.refused.schema == REFUSED_SCHEMA


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(" a ", "a"), (17850, "17850"), (17850.0, "17850"), (1.5, "1.5"), (True, "true")],
)
def test_an_id_becomes_trimmed_text(given, wanted):
    assert kept(customer_id=given)["customer_id"] == wanted


@pytest.mark.parametrize("value", [None, "", "  ", float("nan")])
def test_nobody_is_no_customer(value):
    assert why(customer_id=value) == ["customer_missing"]


def test_the_longest_id_is_counted_in_bytes():
    assert kept(customer_id="é" * 256)["customer_id"] == "é" * 256
    assert why(customer_id="é" * 257) == ["customer_too_long"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("€ 1,234.50", 1234.5),
        ("1 000", 1000.0),
        ("n/a", None),
        ("", None),
        (Decimal("2.50"), 2.5),
        (3, 3.0),
        (None, None),
        (0.0, 0.0),
    ],
)
def test_a_price_is_read_as_people_write_it(given, wanted):
    assert kept(price=given)["price"] == wanted


def test_a_decimal_comma_is_read_where_told():
    assert kept(CleaningConfig(decimal_comma=True), price="1.234,50")["price"] == 1234.5


@pytest.mark.parametrize("price", [-0.01, float("nan"), float("inf"), 1e12, "(3.50)"])
def test_an_impossible_price_is_refused(price):
    assert why(price=price) == ["price_impossible"]


@pytest.mark.parametrize("name", ["price", "quantity", "discount", "rating"])
def test_a_number_that_is_none_is_refused_with_its_text(name):
    cleaned = one(**{name: "many"})
    assert cleaned.refused.row(0, named=True)["reason"] == f"{name}_unreadable"
    assert "many" in cleaned.refused["detail"][0]


@pytest.mark.parametrize("name", ["quantity", "discount", "rating"])
def test_a_number_without_an_end_is_refused(name):
    assert why(**{name: float("inf")}) == [f"{name}_impossible"]


def test_minus_nought_becomes_nought():
    assert str(kept(price=-0.0)["price"]) == "0.0"


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [("purchase", "return"), ("return", "return"), ("cart", "uncart"), ("uncart", "uncart")],
)
def test_a_negative_quantity_takes_back(kind, becomes):
    row = kept(kind=kind, quantity=-2, discount=-1.0)
    assert (row["kind"], row["quantity"], row["discount"]) == (becomes, 2.0, 1.0)


def test_nothing_is_looked_at_minus_twice():
    assert why(kind="view", quantity=-2) == ["quantity_impossible"]


def test_a_kind_is_written_small_and_may_be_new():
    cleaned = one(kind=" Call_Centre ")
    assert cleaned.kept["kind"].to_list() == ["call_centre"]
    assert cleaned.noted["kind_unknown"] == Note(1, "f")


@pytest.mark.parametrize(("days", "fine"), [(0.9, True), (1.1, False)])
def test_a_clock_may_run_ahead_by_a_day(days, fine):
    cleaned = one(time=NOW + timedelta(days=days))
    assert len(cleaned.kept) == fine
    assert cleaned.refused["reason"].to_list() == [] if fine else ["time_in_future"]


def test_a_source_without_one_of_the_three_columns_is_an_error():
    for name in ("customer_id", "time", "kind"):
        with pytest.raises(BadSource, match=f"no column for {name}"):
            clean(some_rows(3).drop(name), file="f", now=NOW)


def test_a_refused_row_tells_file_line_and_what_it_was():
    raw = some_rows(3).with_columns(price=pl.Series([1.0, -1.0, 2.0]), _line=pl.Series([5, 6, 7]))
    (row,) = clean(raw, file="shop.csv", now=NOW).refused.iter_rows(named=True)
    assert (row["file"], row["line"]) == ("shop.csv", 6)
    assert json.loads(row["row"])["price"] == -1.0
    assert row["detail"] == "price is impossible: -1.0"


def test_what_is_missing_is_noted_with_the_first_place():
    raw = some_rows(3).with_columns(
        item_id=pl.Series(["i", None, None]), price=None, _line=pl.Series([5, 6, 7])
    )
    noted = clean(raw, file="shop.csv", now=NOW).noted
    assert noted["item_missing"] == Note(2, "shop.csv, line 6")
    assert noted["price_missing"] == Note(3, "shop.csv, line 5")


def test_a_setting_that_is_misspelt_is_an_error():
    with pytest.raises(BadConfig, match="earliest"):
        CleaningConfig.read({"earlyest": "2000-01-01"})


cells = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["a", " b", "", None, "x" * 600]),
        "time": st.sampled_from(
            ["2025-01-01", "1735689600", "03/04/2020", "x", None, "2100-01-01T00:00:00Z"]
        ),
        "kind": st.sampled_from(["view", "purchase", " ", None]),
        "price": st.sampled_from(["1", "-1", "x", "", None]),
        "quantity": st.sampled_from(["1", "-1", "0", None]),
    }
)


@settings(max_examples=20)
@given(st.lists(cells, min_size=1, max_size=12), st.integers(0, 12))
def test_rows_in_are_rows_kept_and_refused_and_cuts_do_not_matter(rows, cut):
    raw = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_row_index("_line")
    before = raw.clone()
    whole = clean(raw, file="f", now=NOW)
    parts = [clean(part, file="f", now=NOW) for part in (raw.head(cut), raw.slice(cut))]
    assert len(raw) == len(whole.kept) + len(whole.refused)
    assert_frame_equal(pl.concat([part.kept for part in parts]), whole.kept)
    assert_frame_equal(pl.concat([part.refused for part in parts]), whole.refused)
    lines = pl.concat([whole.kept["_line"], whole.refused["line"]])
    assert sorted(lines) == raw["_line"].to_list()
    assert raw.equals(before)


@pytest.mark.parametrize("nobody", ["nan", "NULL", "None", " n/a ", ""])
def test_nobody_is_not_a_customer(nobody):
    assert why(customer_id=nobody) == ["customer_missing"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("17850.0", "17850"), ("17850", "17850"), ("1.5", "1.5"), ("v1.0", "v1.0")],
)
def test_a_whole_number_with_a_nought_behind_is_the_same_customer(given, wanted):
    assert kept(customer_id=given)["customer_id"] == wanted


def test_personal_data_in_texts_is_masked_before_anything_is_stored():
    raw = pl.DataFrame(
        {
            "customer_id": ["a", "", "b"],
            "time": ["2024-01-01"] * 3,
            "kind": ["review"] * 3,
            "text": ["mail me: x@y.example", "ring +44 20 7946 0958", "fine"],
        }
    )
    found = clean(raw, file="f", now=NOW)
    assert found.kept["text"].to_list() == ["mail me: [email]", "fine"]
    assert found.noted["text_masked"].count == 1
    assert "7946" not in str(found.refused.to_dicts())
    kept = clean(raw, CleaningConfig(personal_data="keep"), file="f", now=NOW)
    assert kept.kept["text"][0] == "mail me: x@y.example"
    assert "text_masked" not in kept.noted
