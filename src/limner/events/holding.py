"""A log as it stands at one moment, kept for whoever reads it for long while others write."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from limner.errors import LimnerError, LogBusy
from limner.events.durable import by_turns
from limner.events.log import VECTORS, EventLog
from limner.events.manifest import MANIFEST_NAME

__all__ = ["HELD", "held", "let_go"]

HELD = "held"
"""The folder of a log in which states of it are kept while they are read."""
_LOCK = "lock"
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


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
        If somebody was erased while the log was read.
    """
    if not os.access(log.folder, os.W_OK):
        yield log
        return
    while (state := _State.of(log)) is None:
        continue  # somebody was erased just then
    try:
        yield state.log
    except (FileNotFoundError, LimnerError) as error:
        if state.folder.is_dir():
            raise
        raise LogBusy(
            f"somebody was erased from {log.folder} while it was read",
            hint="run it again: it learns without them then",
        ) from error
    finally:
        state.close()


def let_go(folder: Path) -> None:
    """Remove all states of a log that are kept; whoever reads one is told to read anew.

    Parameters
    ----------
    folder
        The folder of the log.
    """
    shutil.rmtree(folder / HELD, ignore_errors=True)


class _State:
    """One state of a log that is kept, and the lock that says so."""

    def __init__(self, place: Path) -> None:
        place.mkdir(exist_ok=True)
        with by_turns(place):  # so that nobody takes it for left behind before it is locked
            _sweep(place)
            self.folder = Path(mkdtemp(dir=place))
            self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            flock(self._lock, LOCK_EX)
        self.log: EventLog

    @classmethod
    def of(cls, log: EventLog) -> Self | None:
        """Keep the present state of a log; None where an erasure removed it at once."""
        try:
            state = cls(log.folder / HELD)
        except FileNotFoundError:
            return None
        try:
            state.log = state.keep(log)
        except (FileNotFoundError, LimnerError):
            gone = not state.folder.is_dir()
            state.close()
            if gone:
                return None
            raise
        except BaseException:
            state.close()
            raise
        return state

    def keep(self, log: EventLog) -> EventLog:
        """Give the files of a log second names; return the log that they make."""
        while True:
            manifest = log.manifest
            try:
                for name in manifest.names():
                    self._name(log.folder / name, self.folder / name)
            except FileNotFoundError:
                if log.manifest is manifest:
                    raise
                continue  # an ingest swapped them
            except OSError as error:
                if error.errno in _NO_LINKS:
                    return log
                raise
            (self.folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
            # An erasure removes what is kept once its own state holds: what was kept before that
            # is removed by it, and what was kept after is seen here to be of another state.
            if log.manifest is manifest:
                break
        (self.folder / VECTORS).symlink_to(Path("..") / ".." / VECTORS, target_is_directory=True)
        return EventLog(self.folder)

    def close(self) -> None:
        """Let go of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    @staticmethod
    def _name(path: Path, second: Path) -> None:
        second.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError):  # of the state before: no name is used twice
            os.link(path, second)


def _sweep(place: Path) -> None:
    """Remove what nobody reads any more: the kernel frees a lock however its process ends."""
    for folder in place.iterdir():
        with suppress(OSError):
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                flock(handle, LOCK_EX | LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
