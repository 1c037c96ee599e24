"""Files that are there when the power is not: synced, digested, swapped in one step."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from limner.errors import DiskFull, LogBusy

__all__ = [
    "by_turns",
    "digest_file",
    "disk_full_as_error",
    "only_writer",
    "replace_text",
    "sync_file",
    "sync_folder",
]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "File too large", "StorageFull")


def digest_file(path: Path) -> str:
    """Return the BLAKE2b digest of a file, 16 bytes in hex."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    sync_file(path)


def replace_text(path: Path, text: str) -> None:
    """Swap a file for a new one in one step; whoever reads it sees the old or the new one."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)  # noqa: PTH105 - tests put a failure in its place
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def by_turns(folder: Path) -> Iterator[None]:
    """Wait until nobody else, in this process or another, changes a file of a folder by turns.

    Whoever reads a file and writes it anew would else lose what somebody wrote in between.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only one who writes to a log. The kernel frees the lock however the process ends.

    Raises
    ------
    LogBusy
        If another process holds it.
    """
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(handle, 32, 0).decode(errors="ignore").strip() or "unknown"
            raise LogBusy(
                f"{folder} is being written to by process {holder}",
                hint="wait until it is done, then try again",
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def disk_full_as_error(folder: Path) -> Iterator[None]:
    """Say :class:`~limner.errors.DiskFull` where the disk, a quota or a limit was reached."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        if number not in _FULL and not any(word in str(error) for word in _FULL_WORDS):
            raise
        raise DiskFull(
            f"the disk of {folder} has no room for the new rows; the log is as it was",
            hint="free some space, or take a folder on another disk, then ingest again",
        ) from error
