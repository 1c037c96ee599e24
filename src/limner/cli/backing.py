"""A workspace as one file, and a workspace again from it: whole, and without who was erased."""

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from limner import __version__
from limner.cli.serving import eraser_of, log_of, open_store, record, store_address
from limner.cli.settings import PEPPER, SETTINGS_NAME, SUPPRESSED
from limner.errors import BadConfig, BadStore

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace

__all__ = ["BackedUp", "Restored", "back_up", "restore"]

_MANIFEST = "limner-backup.json"
_VERSION = 1
_DATABASE = "profiles.db"
_NOT_KEPT = frozenset({"log/lock", "profiles.db"})
_PASSING = (".part", ".new", "-journal", "-wal", "-shm")
"""How files end that are under way, or belong to a database that is copied as a whole."""
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    file: Path
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back; ``erased`` of its customers had been erased since, and are again."""

    folder: Path
    files: int
    erased: int


def back_up(shop: "Workspace", out: Path, *, store: str | None = None) -> BackedUp:
    """Copy a workspace into one file, as it is at one moment; a service may go on meanwhile.

    Parameters
    ----------
    shop
        What is copied: settings, log, database, models, runs, keys and the list of the erased.
    out
        The file, a tar archive with a manifest; readable by its owner alone.
    store
        Where profiles live, if not in ``profiles.db`` of the workspace.

    Raises
    ------
    BadConfig
        If the file is there already, or lies within the workspace; for PostgreSQL.
    LogBusy
        If another process is writing to the log.
    """
    from limner.encoders.vector_store import VECTORS_FILE
    from limner.events.durable import disk_full_as_error, only_writer, sync_file
    from limner.service.keys import read_pepper

    address = store_address(shop, store)
    if "://" in address and not address.startswith("sqlite"):
        raise BadConfig(
            "a PostgreSQL store is copied by its own tools, not by limner backup",
            hint="pg_dump -Fc for the store; limner backup without --store for the rest",
        )
    if out.exists():
        raise BadConfig(f"{out} is there already", hint="name another file")
    if out.resolve().is_relative_to(shop.folder.resolve()):
        raise BadConfig(
            f"{out} lies within the workspace, where nothing outlives an erasure",
            hint="name a file elsewhere",
        )
    read_pepper(shop.folder / PEPPER)  # the copy must know by which key people were erased since
    log, database = log_of(shop), Path(address.removeprefix("sqlite:///"))
    part = out.with_name(f".{out.name}.part")
    lock = nullcontext() if log is None else only_writer(log.folder)
    try:
        with lock, disk_full_as_error(out.parent), TemporaryDirectory(dir=out.parent) as scratch:
            part.touch(mode=0o600)
            wanted = {name: shop.folder / name for name in _names(shop.folder)}
            if database.is_file():
                wanted[_DATABASE] = Path(scratch) / _DATABASE
                _copy_database(database, wanted[_DATABASE])
            for name, path in wanted.items():
                if name.endswith(VECTORS_FILE):
                    wanted[name] = Path(scratch) / name.replace("/", "-")
                    _copy_database(path, wanted[name])
            told = dict.fromkeys(wanted, "")
            with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as archive:
                for name, path in wanted.items():
                    told[name] = _add(archive, name, path)
                manifest = {
                    "version": _VERSION,
                    "limner": __version__,
                    "made_at": datetime.now(UTC).isoformat(),
                    "sha256": told,
                }
                text = json.dumps(manifest, indent=1).encode()
                about = tarfile.TarInfo(_MANIFEST)
                about.size = len(text)
                archive.addfile(about, io.BytesIO(text))
        sync_file(part)
        part.replace(out)
    except FileNotFoundError as error:
        raise BadStore(
            f"{error.filename} went while it was copied: something is learning",
            hint="run the backup again when it is done",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    if database.is_file():
        with open_store(shop, store) as living:
            record(shop, living, "backup", out.name)
    return BackedUp(out, len(told), out.stat().st_size)


def restore(file: Path, folder: Path, *, suppressed: Path | None = None) -> Restored:
    """Make a workspace from a backup; who was erased since the backup is erased again.

    Parameters
    ----------
    file
        What :func:`back_up` wrote.
    folder
        Where to; it must be new or empty, but for a ``suppressed.txt``, which is heeded.
    suppressed
        A list of erased people, as ``suppressed.txt`` of a workspace.

    Raises
    ------
    BadConfig
        If the folder holds something, or the list is of another workspace.
    BadStore
        If the file is no backup, or is not whole; nothing is left of it then.
    """
    from limner.events.suppression import Suppression
    from limner.service.keys import read_pepper

    held = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    if held not in ([], [SUPPRESSED]) or (folder.exists() and not folder.is_dir()):
        raise BadConfig(
            f"{folder} must be a new or an empty folder, but it holds {(held or ['a file'])[0]}",
            hint="name another: --workspace DIR",
        )
    lists = [each for each in (suppressed, folder / SUPPRESSED) if each is not None]
    if suppressed is not None and not suppressed.is_file():
        raise BadConfig(f"--suppressed {suppressed} is not there")
    part = folder.absolute().with_name(f".{folder.absolute().name}.restoring")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True, mode=0o700)
        files = _unpack(file, part)
        for empty in ("log/buckets", "log/rejects") if (part / "log").is_dir() else ():
            (part / empty).mkdir(exist_ok=True)
        pepper = read_pepper(part / PEPPER) if (part / PEPPER).is_file() else b""
        more: set[bytes] = set()
        for each in lists:
            more |= Suppression.read(each, pepper).digests
        erased = _erase_again(part, more)
        part.chmod(0o755)
        if folder.exists():
            (folder / SUPPRESSED).unlink(missing_ok=True)
            folder.rmdir()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(folder, files, erased)


def _erase_again(folder: Path, more: set[bytes]) -> int:
    """Finish what was begun when the copy was made, and erase who was erased since."""
    from limner.cli.workspace import Workspace

    if not (folder / _DATABASE).is_file() and not more and not (folder / SUPPRESSED).is_file():
        return 0
    shop = Workspace(folder)
    with open_store(shop, None) as living:
        eraser = eraser_of(shop, living)
        try:
            done = eraser.resume(actor="restore") + eraser.again(actor="restore", more=more)
        finally:
            eraser.book.close()
        record(shop, living, "restore", f"{len(done)} erased again")
    return len(done)


def _names(folder: Path) -> Iterator[str]:
    """Go through the files of a workspace that are copied, without what is under way."""
    from limner.profiles.leftovers import files_of

    for path in files_of(folder):
        within = path.relative_to(folder)
        name = within.as_posix()
        passing = name.endswith(_PASSING) or any(each[0] == "." for each in within.parts)
        if name not in _NOT_KEPT and not passing:
            yield name


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, and of its freed pages nothing."""
    with closing(sqlite3.connect(source, timeout=60)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Put a file into an archive; return its SHA-256."""
    with path.open("rb") as file:
        about = tarfile.TarInfo(name)
        state = path.stat()
        about.size, about.mode, about.mtime = state.st_size, state.st_mode & 0o777, state.st_mtime
        hashed = _Hashed(file)
        archive.addfile(about, hashed)
    return hashed.digest.hexdigest()


def _unpack(file: Path, folder: Path) -> int:
    """Unpack a backup, each file checked; return how many there are."""
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(file, "r:") as archive:
            for each in archive:
                source = archive.extractfile(each) if each.isreg() else None
                if source is None or not _is_plain(each.name):
                    raise BadStore(f"{file} holds {each.name!r}, which has no place in a backup")
                if each.name == _MANIFEST:
                    manifest = json.loads(source.read())
                    continue
                target = folder / each.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch(mode=0o600)
                digest = hashlib.sha256()
                with target.open("wb") as out:
                    while piece := source.read(_PIECE):
                        digest.update(piece)
                        out.write(piece)
                target.chmod(each.mode & 0o777)
                found[each.name] = digest.hexdigest()
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise _broken(file, str(error)) from error
    if manifest.get("version", 0) > _VERSION:
        raise BadStore(f"{file} is of a newer Limner", hint="pip install --upgrade limner")
    told = manifest.get("sha256")
    if told is None:
        raise _broken(file, "it has no manifest at its end")
    odd = sorted(name for name in {*told, *found} if told.get(name) != found.get(name))
    if odd:
        raise _broken(file, f"{odd[0]} is not what was copied")
    if SETTINGS_NAME not in found:
        raise _broken(file, f"it has no {SETTINGS_NAME}")
    return len(found)


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _broken(file: Path, why: str) -> BadStore:
    return BadStore(
        f"{file} must be a whole backup of Limner: {why}", hint="take another copy of it"
    )
