"""A state of a log that is kept stays, whoever writes; only people who are erased go from it."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.errors import LogBusy, LogCorrupt
from limner.events import erasing, holding
from limner.events.erasing import erase_from_log
from limner.events.holding import HELD, demand_held, held
from limner.events.log import EventLog
from log_tools import content, some_rows, take

HOLD = """
import sys, time
from limner.events.holding import held
from limner.events.log import EventLog
with held(EventLog(sys.argv[1])) as kept:
    print(kept.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def log(tmp_path):
    found = EventLog.create(tmp_path / "log", buckets=4)
    take(found, [some_rows(200)])
    return found


def left(log):
    return sorted((log.folder / HELD).iterdir())


def test_what_is_added_meanwhile_is_not_seen_and_takes_nothing_away(log):
    before = content(log)
    with held(log) as kept:
        lazy = kept.scan()
        for start in (1_000, 2_000, 3_000):
            take(log, [some_rows(50, start=start)])
        assert len(log) > len(kept) == len(before)
        assert lazy.collect().equals(before)
        assert content(EventLog(kept.folder)).equals(before)
        assert kept.manifest.fingerprint != log.manifest.fingerprint
        (row,) = {path.stat().st_nlink for path in kept.folder.glob("buckets/*.parquet")}
        assert row == 1, "the log itself has other files by now"
    assert left(log) == []


def test_it_takes_no_room(log):
    with held(log) as kept:
        for name in kept.manifest.names():
            assert (kept.folder / name).samefile(log.folder / name)


def test_whoever_is_erased_is_not_learned_from(log):
    who = min(content(log)["customer_id"].unique().to_list())
    with pytest.raises(LogBusy, match="was erased") as caught, held(log) as kept:  # noqa: PT012
        lazy = kept.scan()
        erase_from_log(log, [who], mark="e1")
        assert not kept.folder.exists()
        lazy.collect()
    assert "run it again" in caught.value.hint
    with held(log) as kept:
        assert who not in content(kept)["customer_id"].to_list()


def test_an_erasure_while_it_is_being_kept_is_heeded(log, monkeypatch):
    """Between the first name and the last: what was kept of the state before is given up."""
    who = min(content(log)["customer_id"].unique().to_list())
    before, real, begun = log.manifest.generation, os.link, []

    def link(path, second):
        real(path, second)
        if not begun:
            work = partial(erase_from_log, EventLog(log.folder), [who], mark="e1")
            begun.append(threading.Thread(target=work, daemon=True))
            begun[0].start()
            while log.manifest.generation == before:
                time.sleep(0.01)

    monkeypatch.setattr(holding.os, "link", link)
    with held(log) as kept:
        begun[0].join()
        assert who not in content(kept)["customer_id"].to_list()
        assert content(kept).equals(content(log))
        assert left(log) == [kept.folder]


def test_an_erasure_of_somebody_whom_the_log_never_knew_stops_nobody(log):
    with held(log) as kept:
        erase_from_log(log, ["nobody"], mark="e1")
        assert content(kept).equals(content(log))


def test_what_was_kept_of_a_state_before_goes_though_the_erasure_was_cut_off(log):
    """It is asked again, and then the log knows nothing of them any more."""
    who = min(content(log)["customer_id"].unique().to_list())
    with pytest.raises(LogBusy), held(log) as kept:  # noqa: PT012
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(erasing, "let_go", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                erase_from_log(log, [who], mark="e1")
        erase_from_log(log, [who], mark="e1")
        assert left(log) == []
        content(kept)


def test_whoever_writes_down_what_was_read_is_told(log):
    who = min(content(log)["customer_id"].unique().to_list())
    with held(log) as kept:
        demand_held(kept)
        erase_from_log(log, [who], mark="e1")
        with pytest.raises(LogBusy, match="was erased"):
            demand_held(kept)
    demand_held(log)


def test_what_is_kept_may_be_removed_by_whoever_may_write_the_log(log):
    log.folder.chmod(0o2775)
    with held(log) as kept:
        for folder in (kept.folder, kept.folder.parent, kept.folder / "buckets"):
            assert folder.stat().st_mode & 0o7777 == 0o2775


def test_a_state_that_cannot_be_removed_is_no_erasure(log, monkeypatch):
    who = min(content(log)["customer_id"].unique().to_list())

    def removed(folder):
        raise PermissionError(13, "no", str(folder))

    with held(log):
        monkeypatch.setattr(holding, "_remove", removed)
        with pytest.raises(PermissionError):
            erase_from_log(log, [who], mark="e1")
        monkeypatch.undo()


def test_files_that_lie_elsewhere_are_followed(log, tmp_path):
    for number, path in enumerate(sorted(log.folder.glob("buckets/*.parquet"))):
        there = tmp_path / f"{number}.parquet"
        path.rename(there)
        path.symlink_to(os.path.relpath(there, path.parent))
    with held(log) as kept:
        assert content(kept).equals(content(log))


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_is_read_stays(log):
    def begun():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, log.folder], stdout=subprocess.PIPE, text=True
        )
        return process, process.stdout.readline().strip()

    (one, first), (other, second) = begun(), begun()
    try:
        one.send_signal(signal.SIGKILL)
        one.wait()
        assert os.path.isdir(first)  # noqa: PTH112 - as text
        (log.folder / HELD / "half").mkdir()
        with held(log) as kept:
            assert not os.path.isdir(first)  # noqa: PTH112
            assert left(log) == sorted([kept.folder, log.folder / HELD / os.path.basename(second)])  # noqa: PTH119
            assert content(EventLog(log.folder / second)).equals(content(log))
    finally:
        other.kill()
        other.wait()
        one.stdout.close()
        other.stdout.close()


@given(st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=4, deadline=None)
def test_many_keep_while_others_write(tmp_path_factory, readers, writes):
    log = EventLog.create(tmp_path_factory.mktemp("shop") / "log", buckets=4)
    take(log, [some_rows(60)])
    failed, over = [], threading.Event()

    def read():
        own = EventLog(log.folder)
        try:
            while True:
                with held(own) as kept:
                    assert len(content(kept)) == len(kept)
                if over.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(readers)]
    for each in threads:
        each.start()
    try:
        for turn in range(writes):
            take(EventLog(log.folder), [some_rows(30, start=1_000 * (turn + 1))])
    finally:
        over.set()
    for each in threads:
        each.join()
    assert failed == []
    assert left(log) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EOPNOTSUPP])
def test_where_the_disk_knows_no_second_names_the_log_itself_is_read(log, monkeypatch, number):
    def link(path, second):
        raise OSError(number, "no")

    monkeypatch.setattr(holding.os, "link", link)
    with held(log) as kept:
        assert kept is log


def test_other_troubles_are_told_as_they_are(log, monkeypatch):
    with pytest.raises(FileNotFoundError), held(log):
        open("nowhere")  # noqa: PTH123, SIM115
    with monkeypatch.context() as patch:
        patch.setattr(holding.os, "link", lambda *_: (_ for _ in ()).throw(OSError(5, "io")))
        with pytest.raises(OSError, match="io"), held(log):
            pass
    name = min(name for name in log.manifest.names() if name.startswith("buckets/"))
    (log.folder / name).unlink()
    with pytest.raises((FileNotFoundError, LogCorrupt)), held(log):
        pass
    assert left(log) == []


def test_vectors_of_items_are_those_of_the_log(log):
    with held(log) as kept:
        assert kept.item_vectors() == {}
    (log.folder / "vectors").mkdir()
    pl.DataFrame({"a": [1]}).write_parquet(log.folder / "vectors" / "x.parquet")
    with held(log) as kept:
        assert (kept.folder / "vectors" / "x.parquet").is_file()
    assert (log.folder / "vectors" / "x.parquet").is_file()
