"""One change of a log: all of it or nothing, however it ends."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from limner.errors import LogCorrupt
from limner.events.durable import (
    digest_file,
    disk_full_as_error,
    only_writer,
    replace_text,
    sync_file,
    sync_folder,
)
from limner.events.manifest import MANIFEST_NAME, Manifest, SideFile, read_manifest

__all__ = ["Change", "change"]

ROW_GROUP_ROWS = 250_000
"""Rows of one row group, the least a reader takes in at a time."""


class Change:
    """A change under way: files that nobody sees until :meth:`commit`."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.before = folder, manifest
        self.scratch = folder / "tmp"

    def write(self, frame: pl.DataFrame, stem: str) -> SideFile:
        """Write one Parquet file of the next generation, and wait until it is on the disk.

        Parameters
        ----------
        frame
            Its rows.
        stem
            Its name without generation and ending, relative to the folder of the log.
        """
        name = f"{stem}-g{self.before.generation + 1:06d}.parquet"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        frame.rechunk().write_parquet(
            path, compression="zstd", statistics=True, row_group_size=ROW_GROUP_ROWS
        )
        sync_file(path)
        return SideFile(name, len(frame), digest_file(path))

    def commit(self, manifest: Manifest) -> None:
        """Make the new state the state of the log: one rename decides."""
        for place in ("buckets", "rejects"):
            sync_folder(self.folder / place)
        sync_folder(self.folder)
        replace_text(self.folder / MANIFEST_NAME, manifest.to_json())


@contextmanager
def change(folder: Path) -> Iterator[Change]:
    """Open a log for writing, alone, and leave nothing lying about.

    Leftovers of a writer that was killed are removed first; those of this one at the end, after
    success and after any error, Ctrl-C too. What counts is the manifest on the disk: it names the
    old files until :meth:`Change.commit`, and the new ones after.

    Raises
    ------
    LogBusy
        If another process is writing.
    DiskFull
        If the disk has no room; the log is as it was.
    """
    with only_writer(folder), disk_full_as_error(folder):
        manifest = read_manifest(folder / MANIFEST_NAME)
        _clear(folder, manifest.names())
        try:
            yield Change(folder, manifest)
        finally:
            with suppress(LogCorrupt):  # if someone else broke it, take nothing away
                _clear(folder, read_manifest(folder / MANIFEST_NAME).names())


def _clear(folder: Path, wanted: set[str]) -> None:
    """Remove what the manifest does not name, so that no power cut brings it back."""
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / f"{MANIFEST_NAME}.new").unlink(missing_ok=True)
    places = {folder}
    for path in list(_data_files(folder)):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink(missing_ok=True)
            places.add(path.parent)
    for place in sorted(places):
        sync_folder(place)


def _data_files(folder: Path) -> Iterable[Path]:
    yield from folder.glob("*-g*.parquet")
    yield from folder.glob("buckets/*.parquet")
    yield from folder.glob("rejects/*.parquet")
