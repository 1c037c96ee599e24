"""Every line of JSON lines is a row or a refused row, whatever is in it."""

import gzip
import json

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadSource, LimnerError
from limner.events.mapping import Mapping
from limner.events.readers.json_lines import JsonLines
from limner.events.source import open_source

MAPPING = Mapping(
    reader="json_lines",
    columns={"customer_id": "user.id", "time": "ts", "price": "price"},
    constants={"kind": "view"},
)


def read(path, mapping=MAPPING, **wishes):
    batches = list(JsonLines().read(path, mapping, **wishes))
    return (
        pl.concat([batch.events for batch in batches]),
        pl.concat([batch.refused for batch in batches]),
    )


def test_a_broken_line_is_refused_with_its_number(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"user": {"id": 7}, "ts": 1.5, "price": "2"}\n'
        "{broken\n"
        "\n"
        "[1, 2]\n"
        '{"user": {"id": "u2"}, "ts": null, "price": 2.50, "other": [1]}\n'
        '{"user": "u3", "ts": NaN}\n'
        '{"user": "u3", "ts": true}'
    )
    events, refused = read(path)
    assert events.select("customer_id", "time", "price", "_line").rows() == [
        ("7", "1.5", "2", 1),
        ("u2", None, "2.5", 5),
        (None, "true", None, 7),
    ]
    assert refused["reason"].to_list() == ["broken_json"] * 3
    assert refused["line"].to_list() == [2, 4, 6]
    assert refused["row"][0] == "{broken"
    assert refused["detail"][1] == "the line must be a JSON object, got list"


def test_nested_fields_go_by_their_path_and_so_do_names_with_a_dot(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"user": {"id": "u1"}, "ts": 1}\n{"user.id": "u2", "ts": 2}\n')
    events, _ = read(path)
    assert events["customer_id"].to_list() == ["u1", "u2"]


def test_packed_lines_are_read_and_a_file_that_is_cut_off_is_refused(tmp_path):
    text = "".join(
        json.dumps({"user": {"id": f"u{n * 7919}"}, "ts": 1714557600 + n}) + "\n"
        for n in range(2000)
    ).encode()
    for name, packed in (
        ("log.jsonl.gz", gzip.compress(text)),
        ("log.jsonl.zst", pa.Codec("zstd").compress(text, asbytes=True)),
    ):
        path = tmp_path / name
        path.write_bytes(packed)
        reader, mapping = open_source(path)
        assert mapping.columns["customer_id"] == "user.id"
        assert sum(len(batch.events) for batch in reader.read(path, mapping)) == 2000
        path.write_bytes(packed[: len(packed) // 2])
        with pytest.raises(BadSource, match="cut off or broken"):
            read(path)


def test_one_array_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "log.json"
    path.write_text('[{"user": 1}]')
    with pytest.raises(BadSource, match=r"jq -c '\.\[\]' log\.json > log\.jsonl"):
        open_source(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("")
    with pytest.raises(BadSource, match="is empty"):
        read(path)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.fixed_dictionaries(
    {}, optional={"user": values, "ts": values, "price": values, "x": values}
)


@given(
    st.lists(
        st.one_of(
            objects.map(json.dumps),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12),
        ),
        max_size=8,
    )
)
def test_any_lines_are_read_or_refused_and_nothing_is_lost(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("any") / "log.jsonl"
    path.write_bytes(b'{"user": {"id": "u0"}, "ts": 1, "price": 1}\n' + "\n".join(lines).encode())
    try:
        events, refused = read(path)
    except LimnerError:
        return
    numbers = sorted([*events["_line"], *refused["line"]])
    assert numbers == [1, *(at for at, line in enumerate(lines, 2) if line.encode().strip())]


@given(st.binary(max_size=120))
def test_any_bytes_end_in_rows_or_an_error_of_ours(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "log.jsonl"
    path.write_bytes(b'{"user": {"id": "u0"}, "ts": 1}\n' + data)
    try:
        events, refused = read(path, batch_rows=1)
    except LimnerError:
        return
    assert len(events) + len(refused) >= 1
