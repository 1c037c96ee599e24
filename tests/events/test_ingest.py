"""Every row is accounted for; twice is once; killed or full, the log is the old or the new one."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.errors import BadSource, DiskFull, LogBusy
from limner.events import writing
from limner.events.cleaning import CleaningConfig
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.quality import quality_of
from limner.events.source import RawBatch
from log_tools import NOW, Batches, Frames, content, files, some_rows, take


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


def balanced(log):
    quality = quality_of(log.manifest)
    return quality.balanced and quality.rows_in == log.manifest.rows + len(log.rejects().collect())


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


def test_a_second_writer_is_told_who_is_writing(log):
    started, go_on = threading.Event(), threading.Event()

    class Waits(Frames):
        def read(self, source, mapping, *, batch_rows=1_000_000):
            started.set()
            go_on.wait(30)
            yield from super().read(source, mapping)

    first = threading.Thread(
        target=ingest, args=(log, [(Waits(), None, [some_rows(5)])]), kwargs={"now": NOW}
    )
    first.start()
    try:
        started.wait(30)
        with pytest.raises(LogBusy, match=f"process {os.getpid()}"):
            take(EventLog(log.folder), [some_rows(5)])
    finally:
        go_on.set()
        first.join()
    assert len(log) == 5


PLACES = {
    "write": (pl.DataFrame, "write_parquet"),
    "sync_file": (writing, "sync_file"),
    "sync_folder": (writing, "sync_folder"),
    "replace": (os, "replace"),
    "fsync": (os, "fsync"),
}


def fails_at(place, number, *, at):
    """Return the place and a function that fails when called for the ``at``-th time."""
    owner, name = PLACES[place]
    real, calls = getattr(owner, name), count(1)

    def call(*args, **kwargs):
        if next(calls) == at:
            raise OSError(number, os.strerror(number))
        return real(*args, **kwargs)

    return owner, name, call


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EIO, OSError)])
def test_a_step_that_fails_leaves_the_old_log_or_the_new_one(
    log, tmp_path, monkeypatch, place, number, error
):
    """Each call of each step that touches the disk fails once, until the log gets through."""
    take(log, [some_rows(60)])
    old, before = content(log), files(log.folder)
    both = EventLog.create(tmp_path / "both", buckets=4)
    take(both, [some_rows(120)])
    new = content(both)
    failures = 0
    for at in count(1):
        with monkeypatch.context() as patch:
            patch.setattr(*fails_at(place, number, at=at))
            with suppress(error):
                take(log, [some_rows(90, start=30)])
        found = content(EventLog(log.folder))
        left = set(files(log.folder)) - EventLog(log.folder).manifest.names()
        assert left - {"quality.json"} == {"manifest.json"}
        if found.equals(new):
            break
        failures += 1
        assert found.equals(old)
        assert files(log.folder) == before
    assert failures
    take(log, [some_rows(90, start=30)])
    assert content(log).equals(new)
    assert balanced(log)


CHILD = textwrap.dedent(
    """
    import os
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from log_tools import Frames, NOW, some_rows, take
    from limner.events.ingest import ingest
    from limner.events.log import EventLog
    """
)
MANY = CHILD + textwrap.dedent(
    """
    for line in sys.stdin:
        process = os.fork()
        if not process:
            log = EventLog(Path(sys.argv[1]))
            print(os.getpid(), flush=True)
            take(log, [some_rows(400, start=int(line) * 300)], memory_bytes=20_000)
            os._exit(0)
        os.waitpid(process, 0)
        print("over", flush=True)
    """
)


@pytest.fixture
def run(log, pytestconfig):
    """Return a function that starts a script in a process of its own, on the log."""
    started = []

    def start(script):
        tests = pytestconfig.rootpath / "tests"
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(log.folder), str(tests)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def kill_if_there(process):
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def test_killed_at_any_moment_it_is_the_old_log_or_the_new_one(log, run, tmp_path):
    """Two dozen processes are killed while they write, each at another moment."""
    chance, span, rows, number = random.Random(5), None, 0, 0
    process = run(MANY)
    for kill in range(25):
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        victim = int(process.stdout.readline())
        begun = time.perf_counter()
        killer = threading.Timer(chance.uniform(0, span or 0), kill_if_there, (victim,))
        if span is not None:
            killer.start()
        assert process.stdout.readline() == "over\n"
        if span is None:
            span = time.perf_counter() - begun
        else:
            killer.cancel()
            killer.join()
        opened = EventLog(log.folder)
        found = content(opened)
        assert len(found) == opened.manifest.rows
        assert len(found) in {rows, 400 + number * 300}, f"after kill {kill}"
        if len(found) > rows:
            rows, number = len(found), number + 1
    take(log, [some_rows(3000)])
    once = EventLog.create(tmp_path / "once", buckets=4)
    take(once, [some_rows(max(3000, rows))])
    assert content(log).equals(content(once))
    assert set(files(log.folder)) == log.manifest.names() | {"manifest.json", "quality.json"}
    assert balanced(log)


def test_ctrl_c_leaves_the_log_as_it_was_and_nothing_behind(log, run):
    take(log, [some_rows(50)])
    before = files(log.folder)
    process = run(
        CHILD
        + textwrap.dedent(
            """
            class Waits(Frames):
                def read(self, source, mapping, *, batch_rows=1_000_000):
                    yield from super().read(source, mapping)
                    print("half", flush=True)
                    sys.stdin.read()
            log = EventLog(Path(sys.argv[1]))
            ingest(log, [(Waits(), None, [some_rows(400, start=50)])], now=NOW, memory_bytes=1)
            """
        )
    )
    assert process.stdout.readline() == "half\n"
    assert (log.folder / "tmp").is_dir()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert files(log.folder) == before
    assert not (log.folder / "tmp").exists()


def test_a_limit_of_the_system_is_a_full_disk(log, run):
    """A real write that the kernel refuses, here by a limit on the size of files."""
    take(log, [some_rows(50)])
    before = files(log.folder)
    process = run(
        CHILD
        + textwrap.dedent(
            """
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
            take(EventLog(Path(sys.argv[1])), [some_rows(400)])
            """
        )
    )
    _, errors = process.communicate(timeout=60)
    assert "DiskFull" in errors, errors
    assert "has no room for the new rows" in errors
    assert files(log.folder) == before


def test_a_disk_that_fills_up_leaves_the_log_as_it_was(tmp_path):
    """A real small disk, where the system lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        log = EventLog.create(disk / "log", buckets=2)
        take(log, [some_rows(100)])
        before = files(log.folder)
        with pytest.raises(DiskFull, match="has no room"):
            take(log, [some_rows(60_000)], memory_bytes=100_000)
        assert files(log.folder) == before
        take(log, [some_rows(150)])
        assert len(EventLog(log.folder)) == 150
    finally:
        subprocess.run(["umount", str(disk)], check=True)
