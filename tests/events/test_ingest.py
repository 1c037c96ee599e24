"""Every row is accounted for, twice is once, and neither cuts nor order matter."""

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.errors import BadSource
from limner.events.cleaning import CleaningConfig
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.source import RawBatch
from log_tools import NOW, Batches, Frames, balanced, content, files, some_rows, take


@pytest.fixture
def log(tmp_path):
    return EventLog.create(tmp_path / "log", buckets=4)


START = datetime(2025, 1, 1, tzinfo=UTC)

raw_rows = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["a", "b", " b ", "c", "d", "", None]),
        "time": st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours))
        | st.just(datetime(2100, 1, 1, tzinfo=UTC)),
        "kind": st.sampled_from(["view", "purchase", "Purchase"]),
        "item_id": st.sampled_from(["x", "y", None]),
        "price": st.sampled_from([1.0, 2.0, -0.0, 0.0, -3.0, float("nan"), None]),
        "quantity": st.sampled_from([1.0, -1.0, None]),
        "event_id": st.sampled_from(["e1", "e2", None, None]),
    }
)
RAW_SCHEMA = {
    "customer_id": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "kind": pl.String,
    "item_id": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "event_id": pl.String,
}


def frame(rows):
    return pl.DataFrame(rows, schema=RAW_SCHEMA)


def cuts(rows, places):
    edges = [0, *sorted(place % (len(rows) + 1) for place in places), len(rows)]
    return [frame(rows[start:end]) for start, end in pairwise(edges)]


@settings(max_examples=15)
@given(
    rows=st.lists(raw_rows, min_size=1, max_size=25),
    places=st.lists(st.integers(0, 100), max_size=3),
    runs=st.integers(1, 2),
    chance=st.randoms(use_true_random=False),
    tight=st.booleans(),
    config=st.sampled_from(
        [
            CleaningConfig(),
            CleaningConfig(bots="refuse", bot_moments_an_hour=1, bot_moments_a_day=2),
        ]
    ),
)
def test_neither_cuts_nor_order_change_the_log_and_no_row_is_lost(
    tmp_path_factory, rows, places, runs, chance, tight, config
):
    folder = tmp_path_factory.mktemp("law")
    at_once = EventLog.create(folder / "once", buckets=2)
    take(at_once, [frame(rows)], config=config)
    shuffled = chance.sample(rows, len(rows))
    pieces = cuts(shuffled, places)
    cut = EventLog.create(folder / "cut", buckets=2)
    memory = 1 if tight else 1_000_000
    for run in range(runs):
        report = take(
            cut, *[[piece] for piece in pieces[run::runs]], config=config, memory_bytes=memory
        )
        assert report.rows_before + report.rows_in == report.rows_after + sum(
            note.count
            for source in report.sources
            for note in (*source.refused.values(), *source.withdrawn.values())
        )
        for source in report.sources:
            assert source.rows_in == source.kept + sum(n.count for n in source.refused.values())
    assert content(cut).equals(content(at_once))
    assert cut.manifest.fingerprint == at_once.manifest.fingerprint
    assert balanced(cut)
    assert balanced(at_once)


def test_the_same_source_twice_changes_nothing(log):
    rows = [some_rows(100)]
    first = take(log, rows)
    before = files(log.folder)
    again = take(log, rows)
    assert first.changed
    assert (again.changed, again.skipped) == (False, ("builtins list",))
    assert files(log.folder) == before
    assert again.fingerprint == first.fingerprint


def test_a_source_named_twice_in_one_run_counts_once(log):
    report = take(log, [some_rows(50)], [some_rows(50)])
    assert (report.rows_in, report.rows_after, len(report.skipped)) == (50, 50, 1)
    assert len(content(log)) == 50


def test_rows_that_overlap_are_kept_once_and_accounted_for(log):
    take(log, [some_rows(100)])
    report = take(log, [some_rows(100, start=60)])
    (source,) = report.sources
    assert (source.rows_in, source.kept, report.rows_after) == (100, 60, 160)
    assert source.refused["duplicate_row"].count == 40
    refused = log.rejects().collect()
    assert refused["file"].unique().to_list() == ["frames"]
    assert sorted(refused["line"]) == list(range(1, 41))
    assert json.loads(refused["row"][0])["kind"] == "purchase"


def test_nothing_new_leaves_the_buckets_as_they_are(log):
    take(log, [some_rows(100)])
    buckets = {file.name for file in log.manifest.files}
    report = take(log, [some_rows(90)])
    assert report.rows_after == 100
    assert {file.name for file in log.manifest.files} == buckets


def test_of_a_repeated_id_the_earliest_row_stays_whichever_came_first(log):
    early, late = (
        some_rows(1, start=start).with_columns(event_id=pl.lit("e"), customer_id=pl.lit("c"))
        for start in (1, 2)
    )
    take(log, [late])
    report = take(log, [early])
    assert content(log)["time"].to_list() == early["time"].to_list()
    assert report.sources[0].withdrawn["repeated_id"].count == 1
    assert balanced(log)


def test_an_id_may_be_repeated_by_another_customer(log):
    rows = some_rows(2).with_columns(event_id=pl.lit("e"))
    assert take(log, [rows]).rows_after == 2


def test_a_machine_is_marked_and_stays(log):
    config = CleaningConfig(bot_moments_an_hour=10, bot_moments_a_day=30)
    take(
        log,
        [some_rows(60, customers=1), some_rows(5).with_columns(customer_id=pl.lit("shy"))],
        config=config,
    )
    assert log.manifest.rows == 65
    assert log.manifest.flagged == {"bot_like_day": 1, "bot_like_hour": 1}
    assert log.flags().rows() == [
        ("c0", "bot_like_day", 60.0, 30.0),
        ("c0", "bot_like_hour", 60.0, 10.0),
    ]


def test_a_machine_can_be_refused_with_all_its_rows(log):
    config = CleaningConfig(bots="refuse", bot_moments_an_hour=10)
    take(log, [some_rows(9, customers=1)], config=config)
    report = take(log, [some_rows(20, customers=1, start=9)], config=config)
    assert report.rows_after == 0
    assert report.sources[0].refused["bot_like"].count == 20
    assert report.sources[0].withdrawn["bot_like"].count == 9
    assert balanced(log)


def test_a_large_order_is_no_machine(log):
    rows = some_rows(2000, customers=1).with_columns(time=pl.lit(START))
    take(log, [rows], config=CleaningConfig(bot_moments_an_hour=10))
    assert log.manifest.flagged == {}


def test_a_tight_memory_gives_the_same_log(tmp_path):
    logs = [EventLog.create(tmp_path / name, buckets=4) for name in "ab"]
    pieces = [some_rows(100, start=100 * number) for number in range(5)]
    for log, memory in zip(logs, (1, 1 << 30), strict=True):
        take(log, pieces, memory_bytes=memory)
        assert not (log.folder / "tmp").exists()
    assert logs[0].manifest.fingerprint == logs[1].manifest.fingerprint


def test_a_large_bucket_is_made_in_ranges_of_customers(tmp_path, monkeypatch):
    monkeypatch.setattr("limner.events.rebuild.ROWS_AT_ONCE", 50)
    log = EventLog.create(tmp_path / "log", buckets=1)
    for number in range(3):
        take(log, [some_rows(100, start=100 * number)])
    assert len(log.manifest.files) > 3
    rows = log.scan(bucket=0).collect()
    wanted = some_rows(300).sort("customer_id", "time")
    assert rows.select(wanted.columns).equals(wanted)
    assert log.manifest.customers == 20
    before = {file.name for file in log.manifest.files}
    take(log, [some_rows(299)])
    assert {file.name for file in log.manifest.files} == before


def test_the_newest_word_on_an_item_wins(log):
    def told(title, item="i1"):
        rows = pl.DataFrame({"item_id": [item, None], "title": [title, "?"]})
        return RawBatch(
            events=pl.DataFrame(),
            catalogue=rows.select(
                pl.col(name) if name in rows.columns else pl.lit(None, dtype).alias(name)
                for name, dtype in CATALOGUE_SCHEMA.items()
            ),
            other_rows=2,
        )

    ingest(log, [(Batches(), None, [told("old"), told("other", "i0")])], now=NOW)
    report = ingest(log, [(Batches(), None, [told("new ")])], now=NOW)
    assert log.catalogue().select("item_id", "title").rows() == [("i0", "other"), ("i1", "new")]
    assert report.sources[0].noted["beside_incomplete"].count == 1
    assert (report.rows_in, report.sources[0].other_rows) == (0, 2)


def test_attributes_keep_every_moment_they_became_known(log):
    def told(value, known_at):
        row = {"customer_id": "c", "name": "city", "value": value, "known_at": known_at}
        return RawBatch(
            events=pl.DataFrame(), attributes=pl.DataFrame([row], schema=ATTRIBUTES_SCHEMA)
        )

    batches = [told("Rome", START), told("Oslo", None), told("Bonn", START)]
    ingest(log, [(Batches(), None, batches)], now=NOW)
    assert log.attributes()["value"].to_list() == ["Oslo", "Bonn"]


def test_progress_rises_to_the_end(log):
    seen = []
    take(log, [some_rows(10), some_rows(20, start=10)], progress=seen.append)
    assert [(one.stage, one.share) for one in seen if one.stage == "reading"] == [
        ("reading", 0.5),
        ("reading", 1.0),
    ]
    assert seen[-1].stage == "writing"
    assert seen[-1].share == 1.0


def test_a_source_that_breaks_off_leaves_the_log_as_it_was(log):
    take(log, [some_rows(50)])
    before = files(log.folder)

    class Breaks(Frames):
        def read(self, source, mapping, *, batch_rows=1_000_000):
            yield from super().read(source, mapping)
            raise BadSource("the file ends in the middle")

    with pytest.raises(BadSource, match="ends in the middle"):
        ingest(log, [(Breaks(), None, [some_rows(70)])], now=NOW, memory_bytes=1)
    assert files(log.folder) == before


def test_a_file_that_grows_while_it_is_read_is_refused(log, tmp_path):
    path = tmp_path / "growing.csv"
    path.write_text("a")

    class Slow(Frames):
        def read(self, source, mapping, *, batch_rows=1_000_000):
            yield from super().read([some_rows(3)], mapping)
            os.utime(path, ns=(0, 0))

    with pytest.raises(BadSource, match="was changed while it was read"):
        ingest(log, [(Slow(), None, path)], now=NOW)
    assert len(log) == 0


def test_a_file_is_known_by_its_content_not_by_its_name(log, tmp_path):
    class OfFile(Frames):
        def read(self, source, mapping, *, batch_rows=1_000_000):
            return super().read([some_rows(3)], mapping)

    one, two, three = (tmp_path / name for name in ("one.csv", "two.csv", "three.csv"))
    for path, text in ((one, "same"), (two, "same"), (three, "else")):
        path.write_text(text)
    assert ingest(log, [(OfFile(), None, one)], now=NOW).changed
    assert ingest(log, [(OfFile(), None, str(two))], now=NOW).skipped == (str(two),)
    report = ingest(log, [(OfFile(), None, str(tmp_path / "thr*.csv"))], now=NOW)
    assert report.sources[0].refused["duplicate_row"].count == 3
