"""A source is found, looked at, and given to the reader that is surest."""

import polars as pl
import pytest

from limner.errors import BadSource
from limner.events.look import files_of, look
from limner.events.mapping import Mapping
from limner.events.source import RawBatch, open_source, rank_readers
from source_samples import ORDERS, journey, lines, orders


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.csv", ORDERS, "delimited"),
        ("a.txt", ORDERS.replace(",", "\t"), "delimited"),
        ("a", lines([{"user_id": 1, "time": 2}]), "json_lines"),
    ],
)
def test_the_form_is_what_a_file_holds_not_what_it_is_called(tmp_path, name, content, form):
    path = tmp_path / name
    path.write_text(content)
    head = look(path)
    assert head.form == form
    assert head.size_bytes == len(content)
    assert "time" in head.columns


def test_a_folder_and_a_pattern_are_read_file_by_file(tmp_path):
    for month in ("02", "01"):
        (tmp_path / f"orders-{month}.csv").write_text(ORDERS.replace("u1", f"u{month}"))
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "_done").write_text("x")
    for source in (tmp_path, str(tmp_path / "orders-*.csv")):
        assert [file.name for file in files_of(source)] == ["orders-01.csv", "orders-02.csv"]
        reader, mapping = open_source(source)
        batches = list(reader.read(source, mapping))
        assert [batch.events["customer_id"][0] for batch in batches] == ["u01", "u02"]
        assert [batch.progress for batch in batches] == [0.5, 1.0]
        assert batches[1].file.endswith("orders-02.csv")


@pytest.mark.parametrize("source", ["none.csv", "none/*.csv", "some/folder/"])
def test_what_is_not_there_is_refused(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSource, match=r"must (be a file|hold files)"):
        open_source(source)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadSource, match="must hold files, but there are none"):
        open_source(tmp_path)


def test_a_word_that_nobody_knows_is_refused_with_the_readers():
    with pytest.raises(BadSource, match="readers: complete_journey, csv"):
        open_source("complete-travel")


def test_a_truncated_parquet_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    orders().write_parquet(path)
    data = path.read_bytes()
    for cut in (data[: len(data) // 2], data[:-9], b"PAR1"):
        path.write_bytes(cut)
        with pytest.raises(BadSource, match="cut off or broken"):
            open_source(path)
        reader, _ = open_source(path, Mapping(reader="parquet", columns={"time": "a"}))
        with pytest.raises(BadSource, match="cut off or broken"):
            list(reader.read(path, Mapping(reader="parquet", columns={"time": "a"})))


def test_a_parquet_without_rows_gives_one_empty_batch(tmp_path):
    path = tmp_path / "log.parquet"
    orders().clear().write_parquet(path)
    reader, mapping = open_source(path)
    (batch,) = reader.read(path, mapping)
    assert batch.events.is_empty()
    assert batch.events.schema["_line"] == pl.Int64


def test_a_folder_of_tables_is_known_by_its_tables(tmp_path):
    head = look(journey(tmp_path / "journey"))
    assert rank_readers(head)[0][0] == "complete_journey"


NAMES = {
    "english": (
        {"client_id": ["a"], "Order-Date": ["2024-05-01"], "SKU": ["x"], "Qty": ["2"]},
        "client_id",
    ),
    "camel": (
        {"visitorId": ["a"], "eventTime": ["2024-05-01T10:00:00Z"], "itemId": ["x"]},
        "visitorId",
    ),
    "chinese": (
        {"会员编号": ["a"], "下单时间": ["2024-05-01 10:00:00"], "实付金额": ["3"]},
        "会员编号",
    ),
    "taobao": (
        {"用户ID": ["a"], "付款时间": ["2024/5/1 10:00"], "商品编号": ["x"], "数量": ["1"]},
        "用户ID",
    ),
    "grocer": (
        {"household_key": [1], "day": ["2024-05-01"], "basket_id": [3], "sales": [1.5]},
        "household_key",
    ),
}


@pytest.mark.parametrize("case", sorted(NAMES))
def test_columns_are_known_by_many_names(case):
    columns, customer = NAMES[case]
    _, mapping = open_source(pl.DataFrame(columns))
    assert mapping.columns["customer_id"] == customer
    assert "time" in mapping.columns


def test_the_name_alone_does_not_make_a_time():
    frame = pl.DataFrame(
        {"user_id": ["a", "b"], "date": ["soon", "later"], "when": ["2024-05-01"] * 2}
    )
    _, mapping = open_source(frame)
    assert mapping.columns["time"] == "when"


def test_a_day_beyond_twelve_says_which_part_is_the_day():
    frame = pl.DataFrame({"user_id": ["a", "b"], "date": ["03/04/2024", "25/04/2024"]})
    assert open_source(frame)[1].options.day_first is True
    frame = pl.DataFrame({"user_id": ["a", "b"], "date": ["03/04/2024", "04/25/2024"]})
    assert open_source(frame)[1].options.day_first is False


def test_tables_of_customers_and_of_items_have_no_events():
    people = pl.DataFrame({"customer_id": ["a", "b"], "age": ["30", None], "town": ["X", "Y"]})
    reader, mapping = open_source(people)
    (batch,) = reader.read(people, mapping)
    assert batch.other_rows == 2
    assert sorted(batch.attributes.select("customer_id", "name", "value").rows()) == [
        ("a", "age", "30"),
        ("a", "town", "X"),
        ("b", "town", "Y"),
    ]
    items = pl.DataFrame({"sku": ["a", "b"], "product_name": ["Hat", "Pin"], "price": ["3", "x"]})
    reader, mapping = open_source(items)
    (batch,) = reader.read(items, mapping)
    assert batch.other_rows == 2
    assert sorted(batch.catalogue.select("item_id", "title", "price").rows()) == [
        ("a", "Hat", 3.0),
        ("b", "Pin", None),
    ]


def test_what_most_rows_say_of_an_item_goes_into_the_catalogue():
    frame = pl.DataFrame(
        {
            "user_id": list("abcd"),
            "time": ["2024-05-01"] * 4,
            "sku": ["x"] * 4,
            "title": ["damaged", "Hat", "Hat", None],
        }
    )
    reader, mapping = open_source(frame)
    (batch,) = reader.read(frame, mapping)
    assert batch.catalogue["title"].to_list() == ["Hat"]


def test_other_columns_are_kept_as_properties():
    frame = pl.DataFrame(
        {
            "user_id": ["a"],
            "time": ["2024-05-01"],
            "shelf": [3],
            "note": ['say "hi"'],
            "gone": [None],
        }
    )
    reader, mapping = open_source(frame)
    (batch,) = reader.read(frame, mapping)
    assert mapping.properties == ("shelf", "note", "gone")
    assert batch.events["properties"].str.json_path_match("$.note").to_list() == ['say "hi"']
    assert batch.events["properties"].str.json_path_match("$.shelf").to_list() == ["3"]


def test_attributes_are_known_from_the_first_time_they_were_said():
    frame = orders().with_columns(CustomerID=pl.lit(1))
    reader, mapping = open_source(frame)
    (batch,) = reader.read(frame, mapping)
    told = batch.attributes.sort("known_at")
    assert told["value"].to_list() == ["France", "Spain"]
    assert str(told["known_at"][0]) == "2010-12-01 08:26:00+00:00"


def test_a_batch_knows_its_place_among_many_files():
    batch = RawBatch(pl.DataFrame(schema={"_line": pl.Int64}), progress=0.5)
    assert batch.of_many(1, 4).progress == 0.375
