"""What a disk may hold after a power cut: a process is taped, and its tape is cut at any point.

:func:`tape` runs a script while ``taping.c`` takes down all that it does to the files of a folder.
:class:`Disk` plays a tape. What was synced is on the disk; what was not may be there, or not, or in
part: any of the writes, whole or torn at sectors, in any order, and any of the names made, moved or
removed since their folder was synced.
"""

import functools
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOW_TO_GET_IT = "needs Linux and a C compiler: apt-get install gcc"
SECTORS = (512, 4096)
_HEAD = struct.Struct("=cqqq")


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed: its letter (see ``taping.c``), to which path, and with what."""

    letter: str
    path: str
    number: int
    data: bytes


def can_tape():
    return sys.platform == "linux" and shutil.which("gcc") is not None


@functools.cache
def _library():
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="taping-")) / "taping.so"
    source = Path(__file__).with_name("taping.c")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl", "-lpthread"], check=True
    )
    return made


def tape(script, folder, *arguments):
    """Run a script with a folder, and return what it did there; paths are relative to the folder."""
    folder = folder.resolve()
    written = folder.with_name(folder.name + ".tape")
    more = {"LD_PRELOAD": str(_library()), "TAPED_FOLDER": str(folder), "TAPE": str(written)}
    command = [sys.executable, script, folder, *map(str, arguments)]
    subprocess.run(command, check=True, env=os.environ | more, timeout=300)
    return list(_entries(written.read_bytes(), folder))


def _entries(data, folder):
    at = 0

    def inside(path):
        return os.path.relpath(path.decode(), folder)

    while at < len(data):
        letter, length, size, number = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        path, rest = data[at : at + length], data[at + length : at + length + size]
        at += length + size
        letter = letter.decode()
        if letter == "R":
            rest = inside(rest).encode()
        yield Entry(letter, inside(path), number, rest)


class _File:
    """What of a file is on the disk, and the writes that were not synced yet: (place, bytes)."""

    def __init__(self):
        self.solid = bytearray()
        self.loose = []

    def sync(self):
        for place, data in self.loose:
            _apply(self.solid, place, data)
        self.loose.clear()


class Disk:
    """Plays a tape entry by entry, and builds what may be left at any point.

    ``deaf`` lets all syncs of files whose path ends so be as if they were not there: a disk that lies.
    """

    def __init__(self, *, deaf=None):
        self.deaf = deaf
        self.names = {".": "folder"}  # as the process sees them
        self._solid_names = {".": "folder"}
        self._loose_names = []  # (folders that hold them, changes: path -> file, folder or None)

    def play(self, entry):
        path = entry.path
        if entry.letter == "C":
            self._rename({path: _File()})
        elif entry.letter == "M":
            self._rename({path: "folder"})
        elif entry.letter == "U":
            self._rename({path: None})
        elif entry.letter == "R":
            self._rename(self._moved(path, entry.data.decode()))
        elif entry.letter == "S":
            self._sync(path)
        else:
            file = self.names[path]
            file.loose.append((entry.number, entry.data if entry.letter == "W" else None))

    def _moved(self, path, target):
        changes = {path: None, target: self.names[path]}
        for name in list(self.names):
            if name.startswith(path + "/"):
                changes |= {name: None, target + name[len(path) :]: self.names[name]}
        return changes

    def _rename(self, changes):
        folders = {_above(name) for name in changes}
        self._loose_names.append((folders, changes))
        _change(self.names, changes)

    def _sync(self, path):
        found = self.names[path]
        if self.deaf and path.endswith(self.deaf):
            return
        if isinstance(found, _File):
            found.sync()
            return
        left = []
        for folders, changes in self._loose_names:
            if path in folders:
                _change(self._solid_names, changes)
            else:
                left.append((folders, changes))
        self._loose_names = left

    def whole(self):
        """Return what the process sees: the bytes of every file, none for a folder."""
        return self._built(self.names, lambda write: [write])

    def left(self, chance):
        """Return what may be left if the power goes now, as :meth:`whole` does."""
        # nothing of what is loose; all of it; a part of it, torn or not
        share = chance.choice((0.0, 1.0, chance.random(), chance.random()))
        torn = chance.choice((*SECTORS, None))
        names = dict(self._solid_names)
        ordered = chance.random() < 0.5  # as file systems with a journal do
        until = sum(chance.random() < share for _ in self._loose_names)
        for at, (_, changes) in enumerate(self._loose_names):
            if at < until if ordered else chance.random() < share:
                _change(names, changes)

        def pieces(write):
            place, data = write
            if data is None or torn is None:
                return [write] if chance.random() < share else []
            return [each for each in _sectors(place, data, torn) if chance.random() < share]

        return self._built(names, pieces)

    def _built(self, names, pieces):
        files = {}
        for name, found in names.items():
            if not _reached(name, names):
                continue
            if found == "folder":
                files[name] = None
                continue
            data = bytearray(found.solid)
            for write in found.loose:
                for place, part in pieces(write):
                    _apply(data, place, part)
            files[name] = bytes(data)
        return files


def lay_out(files, folder):
    """Write what was left into a folder."""
    folder.mkdir()
    for name in sorted(files):
        if files[name] is None:
            (folder / name).mkdir(exist_ok=True)
        else:
            (folder / name).write_bytes(files[name])


def _reached(name, names):
    above = _above(name)
    return name == "." or (names.get(above) == "folder" and _reached(above, names))


def _above(name):
    return name.rpartition("/")[0] or "."


def _change(names, changes):
    for name, found in changes.items():
        if found is None:
            names.pop(name, None)
        else:
            names[name] = found


def _apply(data, place, written):
    if written is None:
        del data[place:]
        end = place
    else:
        end = place + len(written)
    if len(data) < end:
        data.extend(bytes(end - len(data)))
    if written:
        data[place:end] = written


def _sectors(place, data, size):
    at = 0
    while at < len(data):
        until = min(len(data), at + size - (place + at) % size)
        yield place + at, data[at:until]
        at = until
