"""A file is swapped in one step, one writer at a time, and a full disk is said to be full."""

import errno
import os

import pytest

from limner.errors import DiskFull, LogBusy
from limner.events.durable import digest_file, disk_full_as_error, only_writer, replace_text


def test_a_text_is_swapped_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "page.json"
    replace_text(path, "old")
    replace_text(path, "new")
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["page.json"]


def test_a_swap_that_fails_leaves_the_old_text(tmp_path, monkeypatch):
    path = tmp_path / "page.json"
    replace_text(path, "old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
    with pytest.raises(OSError, match="no"):
        replace_text(path, "new")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["page.json"]


def test_there_is_one_writer_and_the_next_one_comes_after(tmp_path):
    with (
        only_writer(tmp_path),
        pytest.raises(LogBusy, match=f"process {os.getpid()}"),
        only_writer(tmp_path),
    ):
        pass
    with only_writer(tmp_path):
        pass


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EDQUOT, "quota"),
        ValueError("No space left on device (os error 28)"),
        DiskFull("already said"),
    ],
)
def test_a_full_disk_is_told_however_it_is_said(tmp_path, error):
    with pytest.raises(DiskFull), disk_full_as_error(tmp_path):
        raise error


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(ValueError, match="other"), disk_full_as_error(tmp_path):
        raise ValueError("other")


def test_a_digest_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    assert digest_file(tmp_path / "a") == digest_file(tmp_path / "b")
