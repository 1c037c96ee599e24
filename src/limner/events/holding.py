"""A log as it stands at one moment, kept for whoever reads it for long while others write."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from secrets import token_hex
from typing import Self

from limner.errors import LimnerError, LogBusy, LogCorrupt
from limner.events.durable import by_turns, sync_folder
from limner.events.log import VECTORS, EventLog
from limner.events.manifest import MANIFEST_NAME, read_manifest

__all__ = ["HELD", "demand_held", "held", "let_go"]

HELD = "held"
"""The folder of a log in which states of it are kept while they are read."""
_LOCK = "lock"
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.EROFS, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV)
"""So answers a disk that knows no second names, or one that may not be written to."""


@contextmanager
def held(log: EventLog) -> Iterator[EventLog]:
    """Yield a log that stays as it is until the end of the block, whatever is added meanwhile.

    Its files are second names (hard links) of those of the log, so they take no room and no time,
    and an ingest or a compaction that replaces them takes them from nobody. Only an erasure does:
    nothing is learned from people who are erased. What a process left that was killed is removed
    by the next. Where the disk knows no second names, or the log may not be written to, the log
    itself is yielded.

    Parameters
    ----------
    log
        Of what.

    Raises
    ------
    LogBusy
        If somebody was erased before all was read.
    """
    state = _State.of(log)
    if state is None:
        yield log
        return
    try:
        yield state.log
    except (FileNotFoundError, LimnerError) as error:
        if state.folder.is_dir():
            raise
        raise _gone(log.folder) from error
    finally:
        state.close()


def demand_held(log: EventLog) -> None:
    """See that a log that is kept still is; one that is not kept always is.

    Whoever writes down what was read of people looks before and after: an erasure takes states of
    a log away before it looks through other files.

    Raises
    ------
    LogBusy
        If somebody was erased since it was kept.
    """
    if not log.folder.is_dir():
        raise _gone(log.folder.parent.parent)


def let_go(log: EventLog) -> None:
    """Remove all states of a log that are kept but the present one.

    Whoever reads them is told to read anew. On return no power cut brings them back.

    Parameters
    ----------
    log
        Of which; after an erasure all states before it go.

    Raises
    ------
    OSError
        If one cannot be removed, since it is somebody else's.
    """
    place, now = log.folder / HELD, log.manifest.generation
    with by_turns(log.folder):  # not while one is being made
        for folder in place.iterdir() if place.is_dir() else ():
            with suppress(FileNotFoundError, LogCorrupt):
                if read_manifest(folder / MANIFEST_NAME).generation == now:
                    continue
            with suppress(FileNotFoundError):
                _remove(folder)
        if place.is_dir():
            sync_folder(place)


class _State:
    """One state of a log that is kept, and the lock that says that somebody reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: EventLog
        self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        flock(self._lock, LOCK_EX)

    @classmethod
    def of(cls, log: EventLog) -> Self | None:
        """Keep the present state of a log; None where it cannot be kept."""
        place = log.folder / HELD
        state: Self | None = None
        try:
            with by_turns(log.folder):  # so no erasure looks while half of one is made
                mode = log.folder.stat().st_mode & 0o7777  # whoever may write the log may remove it
                _make(place, mode)
                _sweep(place)
                while state is None:
                    folder = place / f"{os.getpid()}-{token_hex(4)}"
                    _make(folder, mode)
                    state = cls(folder)
                    if not state._filled(log, mode):
                        state.close()
                        state = None
                return state
        except BaseException as error:
            if state is not None:
                state.close()
            if isinstance(error, OSError) and error.errno in _NO_LINKS:
                return None
            raise

    def _filled(self, log: EventLog, mode: int) -> bool:
        """Give the files of a log second names; whether they are all of one state."""
        manifest = log.manifest
        try:
            for name in manifest.names():
                second = self.folder / name
                if second.parent != self.folder:
                    _make(second.parent, mode)
                # what stands for a file elsewhere is followed
                os.link(os.path.realpath(log.folder / name), second)
        except FileNotFoundError:
            if log.manifest is manifest:
                raise
            return False  # an ingest swapped them
        (self.folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        if (log.folder / VECTORS).is_dir():
            (self.folder / VECTORS).symlink_to(Path("..") / ".." / VECTORS)
        self.log = EventLog(self.folder)
        return log.manifest is manifest

    def close(self) -> None:
        """Let go of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _gone(folder: Path) -> LogBusy:
    return LogBusy(
        f"somebody was erased from {folder} while it was read",
        hint="run it again: it learns without them then",
    )


def _make(folder: Path, mode: int) -> None:
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(mode)


def _sweep(place: Path) -> None:
    """Remove what nobody reads any more: the kernel frees a lock however its process ends."""
    for folder in place.iterdir():
        try:
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # it was killed before there was a lock
            shutil.rmtree(folder, ignore_errors=True)
            continue
        except PermissionError:  # somebody else's, who may read it
            continue
        try:
            flock(handle, LOCK_EX | LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)


def _remove(folder: Path) -> None:
    """Remove a state at once for whoever reads it, and then its files one by one."""
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder)
