"""Killed, broken off, full or busy: the log is the old one or the new one, and nothing is left."""

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from itertools import count

import polars as pl
import pytest

from limner.errors import DiskFull, LogBusy
from limner.events import writing
from limner.events.ingest import ingest
from limner.events.log import EventLog
from log_tools import NOW, Frames, balanced, content, files, some_rows, take


@pytest.fixture
def log(tmp_path):
    return EventLog.create(tmp_path / "log", buckets=4)


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
    """One and twenty processes are killed while they write, each at another moment."""
    chance, span, rows, number = random.Random(5), None, 0, 0
    process = run(MANY)
    for kill in range(22):
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
