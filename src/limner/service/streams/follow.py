"""A file of JSON lines to which another process appends, followed as it grows and is rotated."""

import os
import re
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, final

import structlog

from limner.errors import BadConfig, BadSource
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Known, Message

__all__ = ["Follow"]

_HEAD_BYTES = 512
"""By so many of its first bytes a file is known again, since numbers of files are used anew."""
_LONGEST = 1 << 24
"""A line that is longer is cut off, and refused for its length further on."""
_CHUNK = 1 << 18
_ENDS = b"\r\n"
"""Tabs at the end of a line are empty columns, in which Snowplow's enriched stream abounds."""
_REST_S = 0.05


@final
class Follow:
    """Follows ``follow:path.jsonl``.

    A position is the file's number, the bytes up to the end of the last whole line, and a hash
    of its beginning. A file that was renamed (``path.jsonl.1``, ``path.jsonl-20260501``) is read
    to its end before the new one is begun, also if that happened while nobody read; one that was
    emptied is begun anew. What was in a file that was removed or packed before it was read is
    lost, and cannot be noticed. The last line counts once it ends; of a renamed file, as it is.
    """

    schemes: Sequence[str] = ("follow",)

    def __init__(self, address: Address, config: WorkerConfig, known: Known) -> None:
        del config
        address.only()
        path = address.host + address.path
        if not path.strip("/"):
            raise BadConfig("follow must have a path: follow:events.jsonl, got none")
        self.path = Path(path)
        self.name = address.options.get("name", f"follow:{self.path.absolute()}")
        if not self.path.parent.is_dir():
            raise BadSource(
                f"{self.path} must lie in a folder, but {self.path.parent} is none",
                hint="is it spelt right? the file itself may come later",
            )
        self._log = structlog.get_logger("limner.follow")
        self._file: BinaryIO | None = None
        self._at = 0
        self._line = b""
        self._head = b""
        self._last_look = False
        self._ended = False
        stored = known().get(self.name)
        if stored is not None:
            self._find(stored)

    def read(self, most: int, *, wait_s: float) -> list[Message]:
        """Return the next whole lines."""
        until = time.monotonic() + wait_s
        while True:
            try:
                found = self._lines(most)
            except OSError as error:
                raise BadSource(
                    f"{self.path} cannot be read: {(error.strerror or str(error)).lower()}",
                    hint="see who may read it: ls -l",
                ) from None
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            time.sleep(min(_REST_S, left))

    def ended(self) -> bool:
        """Whether the file was read to its end, and there is no other."""
        return self._ended

    def commit(self, positions: Mapping[str, str]) -> None:
        """Nobody needs to be told: the store knows."""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self, most: int) -> list[Message]:
        self._ended = False
        if self._file is None:
            self._begin(self.path)
        elif self._emptied():
            self._log.warning("the file was emptied; it is begun anew", path=str(self.path))
            self._begin_again()
        if self._file is None:
            self._ended = True
            return []
        found: list[Message] = []
        while len(found) < most:
            some = self._file.readline(_CHUNK)
            if not some:
                self._at_the_end(found)
                break
            self._take(some, found)
        return found

    def _take(self, some: bytes, found: list[Message]) -> None:
        """Add a piece of a line; where it ends, there is a message."""
        self._learn_head(some)
        self._at += len(some)
        if len(self._line) <= _LONGEST:
            self._line += some
        if some.endswith(b"\n"):
            line, self._line = self._line.strip(_ENDS), b""
            if line.strip():
                found.append(Message(self.name, self._position(), line))

    def _at_the_end(self, found: list[Message]) -> None:
        """Wait for more of this file, or go on to the next if it was renamed."""
        following = self._following()
        if following is None:
            self._ended = not found
            return
        if found or not self._last_look:
            # Whoever wrote may have written on after the file was renamed: look once more.
            self._last_look = True
            return
        if self._line.strip():
            found.append(Message(self.name, self._position(), self._line.strip(_ENDS)))
        self._begin(following)

    def _position(self) -> str:
        assert self._file is not None
        number = os.fstat(self._file.fileno()).st_ino
        return f"{number}:{self._at}:{_hash(self._head)}"

    def _learn_head(self, some: bytes) -> None:
        if self._at < _HEAD_BYTES:
            self._head = (self._head + some)[:_HEAD_BYTES]

    def _begin(self, path: Path, *, at: int = 0) -> None:
        """Open a file, and go to a place in it; a file that is not there yet is waited for."""
        self.close()
        self._last_look = False
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            return
        self._begin_again(at=at)

    def _begin_again(self, *, at: int = 0) -> None:
        assert self._file is not None
        # Opened anew, since a reader may go on telling what a file held before it was emptied.
        fresh = os.fdopen(os.dup(self._file.fileno()), "rb")
        self._file.close()
        self._file = fresh
        self._file.seek(0)
        self._head = self._file.read(min(at, _HEAD_BYTES))
        self._file.seek(at)
        self._at, self._line = at, b""

    def _emptied(self) -> bool:
        """Whether the open file is shorter than was read, or begins otherwise than it did."""
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._at:
            return True
        return os.pread(self._file.fileno(), len(self._head), 0) != self._head

    def _find(self, stored: str) -> None:
        """Open the file that was read last, whatever it is called now."""
        try:
            number, at_text, head = stored.split(":")
            at = int(at_text)
        except ValueError:
            raise BadSource(
                f"the position of {self.name} must be of a file, but it is {stored!r}",
                hint="give the stream another name: follow:path?name=other",
            ) from None
        files = self._files()
        for path in sorted(files, key=lambda each: str(_number(each)) != number):
            try:
                with path.open("rb") as file:
                    begins = file.read(min(at, _HEAD_BYTES))
                    whole = os.fstat(file.fileno()).st_size >= at
            except FileNotFoundError:
                continue
            if whole and _hash(begins) == head:
                self._begin(path, at=at)
                return
        if files:
            self._log.warning("the file that was read is gone; begins anew", path=str(self.path))

    def _following(self) -> Path | None:
        """Return the file that came after the one that is open, none if it is the newest."""
        assert self._file is not None
        number = os.fstat(self._file.fileno()).st_ino
        files = self._files()
        numbers = [_number(each) for each in files]
        if not files or files[-1] != self.path:
            return None  # it was renamed, and the new one is not there yet
        if number not in numbers:
            return self.path  # it was removed
        at = numbers.index(number)
        return files[at + 1] if at + 1 < len(files) else None

    def _files(self) -> list[Path]:
        """Return the file and those that were renamed, the oldest first."""
        renamed = re.compile(re.escape(self.path.name) + r"[.-][\d_T-]+")
        aged = []
        for entry in os.scandir(self.path.parent):
            if entry.name != self.path.name and not renamed.fullmatch(entry.name):
                continue
            try:
                changed = entry.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            aged.append((entry.name == self.path.name, changed, entry.name))
        return [self.path.parent / name for _, _, name in sorted(aged)]


def _number(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _hash(head: bytes) -> str:
    return blake2b(head, digest_size=8).hexdigest()
