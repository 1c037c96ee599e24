"""The one file of a run: what went in comes out, and a broken or full disk is said."""

import errno
from pathlib import Path

import pytest
import torch

from limner.errors import BadCheckpoint, DiskFull
from limner.training import keeping


def test_what_went_in_comes_out():
    tensors = {"a": torch.rand(3, 2).T, "b": torch.arange(4), "c": torch.tensor(2.5)}
    told = {"losses": [0.1, 1 / 3, 1e-300], "name": "每"}
    found, words = keeping.unpack(keeping.pack(tensors, told))
    assert words == told
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_tensors_that_share_memory_are_kept_apart():
    whole = torch.arange(6.0)
    found, _ = keeping.unpack(keeping.pack({"a": whole[:4], "b": whole[2:], "c": whole}, {}))
    assert found["b"].tolist() == [2, 3, 4, 5]


def test_the_file_is_the_last_that_was_written(tmp_path):
    assert keeping.read(tmp_path / "new") is None
    for data in (b"old", b"new"):
        keeping.write(data, tmp_path / "new")
    assert keeping.read(tmp_path / "new") == b"new"
    assert [each.name for each in (tmp_path / "new").iterdir()] == [keeping.FILE]


@pytest.mark.parametrize("broken", [b"", b"no tensors", 60])
def test_a_broken_file_is_refused(broken):
    whole = keeping.pack({"a": torch.zeros(9)}, {})
    with pytest.raises(BadCheckpoint, match=r"here\.x is broken"):
        keeping.unpack(whole[:broken] if isinstance(broken, int) else broken, where="here.x")


def test_a_file_of_somebody_else_is_refused():
    from safetensors.torch import save

    for words in (None, {"format": "pt"}):
        with pytest.raises(BadCheckpoint, match="is broken"):
            keeping.unpack(save({"a": torch.zeros(1)}, metadata=words))


@pytest.mark.parametrize(
    ("number", "refusal"), [(errno.ENOSPC, DiskFull), (errno.EACCES, PermissionError)]
)
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, number, refusal):
    keeping.write(b"old", tmp_path)

    def full(self, to):
        raise OSError(number, "told")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(refusal):
        keeping.write(b"new", tmp_path)
    assert keeping.read(tmp_path) == b"old"
