"""A mapping is checked, and survives being written down."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadConfig
from limner.events.event import CATALOGUE_SCHEMA
from limner.events.mapping import (
    EVENT_NAMES,
    Mapping,
    Options,
    read_mapping,
    render_mapping,
    write_mapping,
)

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
scalars = st.one_of(words, st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.booleans())


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    names = draw(st.permutations(EVENT_NAMES))
    cut = draw(st.integers(0, len(names)))
    return Mapping(
        reader=draw(words),
        files=tuple(draw(st.lists(words, max_size=3))),
        columns={name: draw(words) for name in names[:cut]},
        constants={name: draw(scalars) for name in names[cut:]},
        kinds=draw(st.dictionaries(words, words, max_size=4)),
        casts=draw(
            st.dictionaries(st.sampled_from(EVENT_NAMES), st.sampled_from(["text", "decimal"]))
        ),
        properties=tuple(draw(st.lists(words, max_size=3))),
        catalogue=draw(st.dictionaries(st.sampled_from(CATALOGUE_SCHEMA.names()), words)),
        attributes=draw(st.dictionaries(words, words, max_size=4)),
        known_at=draw(words),
        options=Options(
            separator=draw(st.sampled_from(["", ";", "\t"])),
            header=draw(st.sampled_from([None, True, False])),
            time_format=draw(words),
            query=draw(words),
        ),
    )


@given(st.lists(mappings(), min_size=1, max_size=3), st.lists(st.lists(words), max_size=3))
def test_a_mapping_written_and_read_is_the_same(tmp_path_factory, several, notes):
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    write_mapping(several, path, notes=notes)
    assert read_mapping(path) == several


def test_what_is_written_has_comments_and_the_notes_above():
    text = render_mapping([Mapping(reader="csv", columns={"time": "when"})], notes=[["two\nlines"]])
    assert "# two\n# lines\n[[source]]" in text
    assert "[source.columns]  # our column = theirs" in text
    assert tomllib.loads(text)["source"][0]["columns"] == {"time": "when"}


def test_a_misspelt_column_of_ours_is_refused_with_the_nearest():
    with pytest.raises(
        BadConfig, match=r"custmer_id is not a column of ours; did you mean customer_id\?"
    ):
        Mapping.read({"reader": "csv", "columns": {"custmer_id": "a"}})


def test_a_misspelt_setting_is_refused_with_the_nearest():
    with pytest.raises(BadConfig, match="did you mean 'columns'"):
        Mapping.read({"reader": "csv", "colums": {}})


def test_a_column_cannot_be_a_constant_too():
    with pytest.raises(BadConfig, match="kind stands both in columns and in constants"):
        Mapping.read({"reader": "csv", "columns": {"kind": "a"}, "constants": {"kind": "b"}})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"must hold \[\[source\]\] tables, got none"),
        ("[sources]\n", r"must hold \[\[source\]\] tables, got a table \[sources\]"),
        ("= nonsense", "must be TOML"),
        ("[[source]]\nreader = 1\n", r"\[\[source\]\] 1: reader"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, match):
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(BadConfig, match=match):
        read_mapping(path)


def test_a_file_that_is_not_there_is_refused_with_how_to_write_one(tmp_path):
    with pytest.raises(BadConfig, match="doctor FILE --write"):
        read_mapping(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(BadConfig, match="must be TOML"):
        read_mapping(tmp_path / "latin.toml")


def test_source_columns_are_named_once_each():
    mapping = Mapping(
        reader="csv",
        columns={"time": "t", "customer_id": "u"},
        catalogue={"title": "n"},
        attributes={"age": "a"},
        known_at="t",
        properties=("p", "u"),
    )
    assert mapping.source_columns() == ["t", "u", "n", "a", "p"]
    assert mapping.has_events
