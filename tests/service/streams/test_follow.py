"""A file that grows, is renamed, emptied, replaced: every line once, whoever was looking when."""

import shutil

import pytest

from limner.errors import BadSource
from limner.service.settings import WorkerConfig
from limner.service.stream import Address
from limner.service.streams.follow import Follow


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


@pytest.fixture
def opened():
    """Return how a file is opened, from a position on; what was opened is closed at the end."""
    found = []

    def opening(path, position=None):
        known = {} if position is None else {f"follow:{path}": position}
        found.append(Follow(Address.read(f"follow:{path}"), WorkerConfig(), lambda: known))
        return found[-1]

    yield opening
    for each in found:
        each.close()


def add(path, *lines):
    with path.open("ab") as file:
        file.write(b"".join(lines))


def lines(stream):
    """Return what there is to read, and where the last of it is."""
    found = []
    for _ in range(20):
        found += stream.read(100, wait_s=0)
        if stream.ended():
            break
    return [each.body for each in found], found[-1].position if found else None


def test_a_line_counts_once_it_ends(path, opened):
    stream = opened(path)
    assert lines(stream) == ([], None)
    add(path, b"one\n\ntw")
    assert lines(stream)[0] == [b"one"]
    add(path, b"o\r\nthree")
    told, position = lines(stream)
    assert told == [b"two"]
    stream.close()
    add(path, b"!\n")
    assert lines(opened(path, position))[0] == [b"three!"]


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(path, opened):
    stream = opened(path)
    add(path, b"1\n")
    assert lines(stream)[0] == [b"1"]
    add(path, b"2\n")
    old = path.rename(f"{path}.1")
    add(path, b"4\n")
    add(old, b"3")
    assert lines(stream)[0] == [b"2", b"3", b"4"]
    stream.close()


def test_what_was_renamed_while_nobody_read_is_read_in_its_order(path, opened):
    import os

    add(path, b"1\n2\n")
    position = opened(path).read(1, wait_s=0)[0].position
    for at, name in enumerate(["events.jsonl-20260501", "events.jsonl.1"]):
        path.rename(path.parent / name)
        os.utime(path.parent / name, (1000 + at, 1000 + at))
        add(path, f"{at + 3}\n".encode())
    (path.parent / "events.jsonl.bak").write_bytes(b"no\n")
    (path.parent / "events.jsonl.2.gz").write_bytes(b"no\n")
    assert lines(opened(path, position))[0] == [b"2", b"3", b"4"]


def test_a_file_that_was_emptied_is_begun_anew(path, opened):
    add(path, b"a" * 600 + b"\n", b"b\n")
    stream = opened(path)
    _, position = lines(stream)
    path.write_bytes(b"c\n")
    assert lines(stream)[0] == [b"c"]
    path.write_bytes(b"c" * 700 + b"\n")
    assert lines(stream)[0] == [b"c" * 700]
    assert lines(opened(path, position))[0] == [b"c" * 700]


def test_a_file_of_the_same_number_that_is_another_is_begun_anew(path, opened):
    add(path, b"1\n")
    _, position = lines(opened(path))
    path.unlink()
    add(path, b"2\n3\n")
    assert lines(opened(path, position))[0] == [b"2", b"3"]


def test_a_file_that_was_moved_to_another_disk_is_known_again(path, opened):
    add(path, b"1\n")
    _, position = lines(opened(path))
    add(path, b"2\n")
    shutil.copy(path, copy := path.with_name("copy"))
    path.unlink()
    copy.rename(path)
    assert lines(opened(path, position))[0] == [b"2"]


def test_a_removed_file_is_followed_by_the_next_of_its_name(path, opened):
    add(path, b"1\n")
    stream = opened(path)
    lines(stream)
    path.unlink()
    assert lines(stream) == ([], None)
    add(path, b"2\n")
    assert lines(stream)[0] == [b"2"]


def test_a_line_without_an_end_in_sight_is_cut_off(path, opened, monkeypatch):
    monkeypatch.setattr("limner.service.streams.follow._LONGEST", 1000)
    monkeypatch.setattr("limner.service.streams.follow._CHUNK", 100)
    add(path, b"x" * 5000 + b"\n", b"y\n")
    (long, short), _ = lines(opened(path))
    assert 1000 < len(long) <= 1100
    assert short == b"y"


def test_a_position_of_something_else_is_refused(path, opened):
    with pytest.raises(BadSource, match="must be of a file, but it is '17'"):
        opened(path, "17")


def test_what_cannot_be_read_is_an_error_in_words(path, opened):
    path.mkdir()
    with pytest.raises(BadSource, match="cannot be read: is a directory"):
        opened(path).read(1, wait_s=0)
