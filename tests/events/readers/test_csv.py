"""Every line of a CSV is a row or a refused row, whatever is in it."""

import gzip
import io

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadSource, LimnerError
from limner.events.delimited import parse_block
from limner.events.mapping import Mapping, Options
from limner.events.readers.csv import Csv
from limner.events.source import open_source

HEADER = "user_id,time,item_id\n"
MAPPING = Mapping(
    reader="csv", columns={"customer_id": "user_id", "time": "time", "item_id": "item_id"}
)


def read(path, mapping=MAPPING, **wishes):
    batches = list(Csv().read(path, mapping, **wishes))
    events = pl.concat([batch.events for batch in batches], how="diagonal_relaxed")
    return events, pl.concat([batch.refused for batch in batches])


def write(folder, text, *, name="log.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return path


def test_rows_with_too_many_or_too_few_fields_are_refused_with_their_line(tmp_path):
    path = write(
        tmp_path,
        HEADER + "u1,2024-05-01,a\n\nu2,2024-05-01\nu3,2024-05-01,b,c,d\n"
        'u4,2024-05-01,"two\nlines, one field"\nu5,2024-05-01,e',
    )
    events, refused = read(path)
    assert events.select("customer_id", "_line").rows() == [("u1", 2), ("u4", 6), ("u5", 8)]
    assert events["item_id"].to_list() == ["a", "two\nlines, one field", "e"]
    assert refused.select("reason", "line", "row").rows() == [
        ("broken_row", 4, "u2,2024-05-01"),
        ("broken_row", 5, "u3,2024-05-01,b,c,d"),
    ]
    assert refused["detail"][0] == "a row must have 3 fields, this one has 2"
    assert refused["file"][0] == str(path)


def test_one_bad_quote_costs_no_other_line(tmp_path):
    text = HEADER + 'u1,"2024-05-01,a\nu2,2024-05-01,5" pipe\nu3,"2024-05-01","a ""b"""\nu4,x,"y\n'
    events, refused = read(write(tmp_path, text))
    assert events.rows() == [
        ("u1", '"2024-05-01', "a", 2),
        ("u2", "2024-05-01", '5" pipe', 3),
        ("u3", "2024-05-01", 'a "b"', 4),
        ("u4", "x", '"y', 5),
    ]
    assert refused.is_empty()


@pytest.mark.parametrize(
    ("encoding", "who"),
    [
        ("utf-8", "José 甲"),
        ("utf-8-sig", "José 甲"),
        ("utf-16", "José 甲"),
        ("latin-1", "José Müller"),
        ("cp1252", "José “Pepe”"),
        ("gb18030", "王小明 会员"),
    ],
)
def test_the_encoding_is_found_out(tmp_path, encoding, who):
    path = write(tmp_path, f"{HEADER}{who},2024-05-01,a\n" * 1, encoding=encoding)
    reader, mapping = open_source(path)
    (batch,) = reader.read(path, mapping)
    assert batch.events["customer_id"].to_list() == [who]


def test_a_line_that_is_not_in_the_encoding_is_refused(tmp_path):
    path = write(tmp_path, HEADER.encode() + b"u1,2024-05-01,a\nu\xff,2024-05-01,b\n")
    events, refused = read(path, MAPPING.model_copy(update={"options": Options(encoding="utf-8")}))
    assert events["customer_id"].to_list() == ["u1"]
    assert refused.select("reason", "line").rows() == [("bad_encoding", 3)]


def test_an_encoding_that_nobody_knows_is_refused(tmp_path):
    path = write(tmp_path, HEADER + "u1,2024-05-01,a\n")
    with pytest.raises(BadSource, match="encoding must be one that is known, got 'utf-9'"):
        read(path, MAPPING.model_copy(update={"options": Options(encoding="utf-9")}))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out_even_among_decimal_commas(tmp_path, separator):
    text = "user_id,time,price\nu1,2024-05-01,X\nu2,2024-05-02,Y\n".replace(",", separator)
    price = "1.5" if separator == "," else "1,5"
    path = write(tmp_path, text.replace("X", price).replace("Y", price))
    reader, mapping = open_source(path)
    assert mapping.options.separator == separator
    (batch,) = reader.read(path, mapping)
    assert batch.events["price"].to_list() == [price, price]


def test_a_wrong_separator_is_refused_with_the_right_one(tmp_path):
    path = write(tmp_path, HEADER + "u1,2024-05-01,a\n")
    wrong = MAPPING.model_copy(update={"options": Options(separator=";")})
    with pytest.raises(BadSource, match=r"',' gives 3 columns: options\.separator = ','"):
        read(path, wrong)


def test_a_missing_column_is_refused_with_the_nearest(tmp_path):
    path = write(tmp_path, HEADER + "u1,2024-05-01,a\n")
    wrong = Mapping(reader="csv", columns={"customer_id": "userid", "time": "time"})
    with pytest.raises(BadSource, match="did you mean 'user_id'"):
        read(path, wrong)


def test_columns_that_tell_nothing_are_refused(tmp_path):
    path = write(tmp_path, "foo,bar\nx,y\n")
    reader, mapping = open_source(path)
    with pytest.raises(BadSource, match="must have a column for time"):
        list(reader.read(path, mapping))


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_refused(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(BadSource, match="is empty"):
        open_source(path)
    with pytest.raises(BadSource, match="is empty"):
        read(path)


def test_a_header_alone_has_no_rows(tmp_path):
    events, refused = read(write(tmp_path, HEADER))
    assert events.is_empty()
    assert refused.is_empty()


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = write(tmp_path, bytes(range(256)))
    with pytest.raises(BadSource, match="must be text, Parquet"):
        open_source(path)


def test_line_ends_of_every_age_are_taken(tmp_path):
    for ends in ("\n", "\r\n", "\r"):
        path = write(tmp_path, (HEADER + "u1,2024-05-01,a\nu2,2024-05-01,b\n").replace("\n", ends))
        events, _ = read(path)
        assert events.select("customer_id", "item_id", "_line").rows() == [
            ("u1", "a", 2),
            ("u2", "b", 3),
        ]


def test_packed_files_are_read_and_one_that_is_cut_off_is_refused(tmp_path):
    text = (HEADER + "".join(f"u{n},2024-05-01,{n * 7919}\n" for n in range(3000))).encode()
    for name, packed in (
        ("log.csv.gz", gzip.compress(text)),
        ("log.csv.zst", pa.Codec("zstd").compress(text, asbytes=True)),
    ):
        events, _ = read(write(tmp_path, packed, name=name))
        assert len(events) == 3000
        assert events["_line"].to_list() == list(range(2, 3002))
        broken = write(tmp_path, packed[: len(packed) // 2], name=f"cut-{name}")
        with pytest.raises(BadSource, match="cut off or broken"):
            read(broken)


def test_a_file_without_a_header_gets_names_by_position(tmp_path):
    path = write(tmp_path, "u1,2024-05-01,a\nu2,2024-05-02,b\n")
    mapping = Mapping(reader="csv", columns={"customer_id": "column_1", "time": "column_2"})
    events, _ = read(path, mapping)
    assert events["_line"].to_list() == [1, 2]


def test_a_total_becomes_the_price_of_one_piece(tmp_path):
    rows = "u1,2024-05-01,2,9.00\nu1,2024-05-01,0,3\nu1,2024-05-01,1,-4\nu1,2024-05-01,,5\n"
    path = write(tmp_path, "user_id,time,qty,amount_usd\n" + rows)
    reader, mapping = open_source(path)
    (batch,) = reader.read(path, mapping)
    assert mapping.constants == {"kind": "purchase", "currency": "USD"}
    assert batch.events.select("price", "quantity").rows() == [
        (4.5, 2.0),
        (3.0, 1.0),
        (4.0, -1.0),
        (5.0, None),
    ]


def test_amounts_with_more_than_a_number_are_cast(tmp_path):
    path = write(tmp_path, "user_id,time,price\nu1,2024-05-01,EUR 12.50\nu1,2024-05-01,7 元\n")
    reader, mapping = open_source(path)
    assert mapping.casts == {"price": "decimal"}
    (batch,) = reader.read(path, mapping)
    assert batch.events["price"].to_list() == ["12.50", "7"]


plain = st.text(st.characters(codec="utf-8", exclude_characters='\r\n"\0'), max_size=6)


@given(st.lists(st.lists(plain, min_size=1, max_size=5), max_size=12), st.integers(1, 8))
def test_rows_without_quotes_are_found_as_python_finds_them(rows, fields):
    names = [f"c{at}" for at in range(fields)]
    text = "".join(",".join(row) + "\n" for row in rows)
    stretch, used, passed = parse_block(text.encode(), names, ",", last=True)
    split = [(at, line.split(",")) for at, line in enumerate(text.split("\n")[:-1], 1) if line]
    good = [
        (at, found)
        for at, found in split
        if len(found) == fields and "\ufffd" not in "".join(found)
    ]
    assert used == len(text.encode())
    assert passed == text.count("\n")
    assert stretch.line.to_list() == [at for at, _ in good]
    assert stretch.frame.rows() == [tuple(field or None for field in found) for _, found in good]
    assert len(stretch.refused) == len(split) - len(good)


@given(
    st.lists(st.lists(st.text(alphabet='ab,"\n é', max_size=6), min_size=3, max_size=3), max_size=9)
)
def test_what_was_quoted_by_the_book_comes_back(rows):
    buffer = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row").write_csv(
        quote_style="always", include_header=False
    )
    stretch, _, _ = parse_block(buffer.encode(), list("abc"), ",", last=True)
    back = [tuple(field or "" for field in row) for row in stretch.frame.rows()]
    assert back == [tuple(row) for row in rows]


@given(st.binary(max_size=200), st.integers(1, 40))
def test_any_bytes_are_read_or_refused_and_nothing_is_lost(tmp_path_factory, data, batch_rows):
    path = tmp_path_factory.mktemp("any") / "log.csv"
    path.write_bytes(b"user_id,time,item_id\n" + data)
    mapping = MAPPING.model_copy(update={"options": Options(encoding="utf-8")})
    try:
        events, refused = read(path, mapping, batch_rows=batch_rows)
    except LimnerError:
        return
    lines = io.BytesIO(data.replace(b"\r\n", b"\n")).read().split(b"\n")
    numbers = [*events["_line"], *refused["line"]]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {at for at, line in enumerate(lines, 2) if line} or b'"' in data
    if b'"' not in data and b"\r" not in data:
        assert len(numbers) == sum(bool(line) for line in lines)


@given(st.text(alphabet='u1,"\n', max_size=60), st.integers(1, 12))
def test_the_cut_into_blocks_leaves_no_line_out(tmp_path_factory, text, block_bytes):
    from limner.events.delimited import Dialect, read_delimited

    path = tmp_path_factory.mktemp("cut") / "log.csv"
    path.write_text("a,b\n" + text)
    found = list(
        read_delimited(path, Dialect(",", True, 2), encoding="utf-8", block_bytes=block_bytes)
    )
    lines = sorted(
        line for part in found for line in (*part.line.to_list(), *part.refused["line"].to_list())
    )
    assert len(set(lines)) == len(lines)
    if '"' not in text:
        assert lines == [at for at, line in enumerate(text.split("\n"), 2) if line]
