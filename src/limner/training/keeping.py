"""What a run keeps on its way: one file of tensors and words, whole or not at all, no pickle."""

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from limner.errors import BadCheckpoint, DiskFull

__all__ = ["FILE", "pack", "read", "unpack", "write"]

FILE = "learning.safetensors"
"""The name of the file in the folder of a run."""


def pack(tensors: Mapping[str, Tensor], told: Mapping[str, Any]) -> bytes:
    """Return tensors and words as the bytes of one file."""
    apart = {
        name: each.detach().to("cpu", copy=True).contiguous() for name, each in tensors.items()
    }
    return save(apart, metadata={"told": json.dumps(told)})


def unpack(data: bytes, *, where: str = "the file") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what :func:`pack` was given.

    Raises
    ------
    BadCheckpoint
        If these are not the bytes of such a file.
    """
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        told = json.loads(header["__metadata__"]["told"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadCheckpoint(
            f"{where} is broken: {error}", hint="remove it; the run then begins anew"
        ) from error
    return tensors, told


def write(data: bytes, folder: Path) -> None:
    """Put the bytes into a folder in one step: whoever dies on the way leaves the older file.

    Raises
    ------
    DiskFull
        If there is no room; the older file is whole.
    """
    fresh = folder / f"{FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / FILE)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        fresh.unlink(missing_ok=True)
        raise DiskFull(
            f"the disk of {folder} has no room for what was learned; what it kept before is whole",
            hint="free some space, then start the same command again: it goes on from there",
        ) from error


def read(folder: Path) -> bytes | None:
    """Return the bytes that were put there last, or None."""
    file = folder / FILE
    return file.read_bytes() if file.is_file() else None
