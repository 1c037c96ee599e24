"""What every reader promises, tried on every file of the folder."""

import polars as pl
import pytest

from limner import plugins
from limner.events import readers
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.look import look
from limner.events.mapping import Mapping, read_mapping, write_mapping
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.source import RawBatch, Reader, open_source, rank_readers
from source_samples import sample

NAMES = plugins.names(readers)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_a_reader_keeps_the_protocol(name):
    reader = plugins.load(readers, name)()
    assert isinstance(reader, Reader)
    assert type(reader).__doc__


def test_a_reader_takes_its_own_kind_and_is_the_surest_of_all(name, tmp_path):
    source, _ = sample(name, tmp_path)
    ranked = rank_readers(look(source))
    assert ranked[0][0] == name
    assert ranked[0][2] > ranked[1][2]
    assert all(0 <= sure <= 1 for _, _, sure in ranked)


def test_what_a_reader_suggests_gives_the_needed_columns_and_accounts_for_every_row(name, tmp_path):
    source, rows = sample(name, tmp_path)
    reader, mapping = open_source(source)
    assert mapping.reader == name
    batches = list(reader.read(source, mapping))
    assert _counted(batches) == rows
    assert sum(len(batch.events) for batch in batches) > 0
    for batch in batches:
        assert set(batch.events.columns) <= {*EVENT_SCHEMA.names(), "_line"}
        assert batch.events.schema["_line"] == pl.Int64
        assert batch.refused.schema == REFUSED_SCHEMA
        assert batch.file
        assert 0 <= batch.progress <= 1
        if len(batch.events):
            assert {"customer_id", "time", "kind"} <= set(batch.events.columns)
            assert batch.events["_line"].min() >= 1
        if batch.catalogue is not None:
            assert batch.catalogue.schema == CATALOGUE_SCHEMA
            assert batch.catalogue["item_id"].null_count() == 0
        if batch.attributes is not None:
            assert batch.attributes.schema == ATTRIBUTES_SCHEMA


def test_the_rows_do_not_depend_on_the_size_of_a_batch(name, tmp_path):
    source, rows = sample(name, tmp_path)
    reader, mapping = open_source(source)
    one, two = list(reader.read(source, mapping)), list(reader.read(source, mapping, batch_rows=1))
    assert _counted(two) == rows
    for left, right in ((one, two),):
        assert _ids(left) == _ids(right)


def test_a_mapping_of_a_reader_can_be_written_and_used_again(name, tmp_path):
    source, rows = sample(name, tmp_path)
    _, mapping = open_source(source)
    write_mapping([mapping], tmp_path / "mapping.toml")
    (again,) = read_mapping(tmp_path / "mapping.toml")
    reader, used = open_source(source, again)
    assert used == mapping
    assert _counted(list(reader.read(source, used))) == rows


@pytest.mark.parametrize("form", ["an empty table", "a word"])
def test_a_reader_is_not_sure_of_what_is_nothing(name, form):
    head = look(pl.DataFrame() if form == "an empty table" else "nonsense")
    sure = plugins.load(readers, name)().sniff(head)
    assert sure == (0.9 if name == "frame" and form == "an empty table" else 0.0)


def _counted(batches: list[RawBatch]) -> int:
    return sum(len(b.events) + len(b.refused) + b.other_rows for b in batches)


def _ids(batches: list[RawBatch]) -> list[tuple[str, str]]:
    found = []
    for batch in batches:
        if len(batch.events):
            ids = batch.events.select(pl.col("customer_id", "kind").cast(pl.String))
            found += ids.rows()
    return sorted(found, key=str)


def test_a_mapping_that_names_no_reader_of_ours_is_refused(tmp_path):
    source, _ = sample("csv", tmp_path)
    with pytest.raises(LookupError, match="did you mean 'csv'"):
        open_source(source, Mapping(reader="cvs"))
