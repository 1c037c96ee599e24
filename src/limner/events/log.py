"""The log: events of all customers in Parquet, in buckets, sorted by customer and time."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import polars as pl

from limner.errors import BadConfig, BadShape, LogCorrupt, NoWorkspace
from limner.events.buckets import bucket_of
from limner.events.durable import replace_text, sync_folder
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.events.item_vectors import ItemVectors
from limner.events.manifest import MANIFEST_NAME, Manifest, SideFile, read_manifest
from limner.events.refusals import REFUSED_SCHEMA

__all__ = ["FLAGS_SCHEMA", "EventLog"]

FLAGS_SCHEMA = pl.Schema(
    {"customer_id": pl.String, "flag": pl.String, "value": pl.Float64, "limit": pl.Float64}
)
"""Columns of the customer flags: what was noticed, how large it was, and what would be usual."""
VECTORS = "vectors"
"""The folder of what models made of the items."""
T = TypeVar("T")
_TRIES = 20
"""Files that are swapped so often while one thing is read are no accident."""


class EventLog:
    """A log on disk, opened for reading; :func:`~limner.events.ingest.ingest` adds to it.

    A folder with ``manifest.json``, ``buckets/``, ``rejects/``, ``catalogue-*.parquet``,
    ``attributes-*.parquet`` and ``evidence-*.parquet``. Only what the manifest names belongs to the
    log, and the manifest is replaced in one step, so a reader sees the log before an ingest or
    after it, never between. An ingest removes the files that it replaced: what was scanned before
    it must be scanned again, which :meth:`read` sees to.

    Parameters
    ----------
    folder
        The folder of the log.

    Raises
    ------
    NoWorkspace
        If there is no log in the folder.
    LogCorrupt
        If the manifest is unreadable, or a file that it names is missing.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     EventLog.create(Path(folder) / "log", buckets=4).manifest.rows
    0
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._manifest: Manifest | None = None
        missing, seen = self._missing(), None
        while missing and seen != self._seen:  # an ingest may have swapped the files meanwhile
            seen, missing = self._seen, self._missing()
        if missing:
            raise LogCorrupt(
                f"{self.folder} must hold {missing[0]}, but it is not there"
                + (f", nor are {len(missing) - 1} others" if len(missing) > 1 else ""),
                hint="restore the folder from a copy, or ingest the sources into a new log",
            )

    @classmethod
    def create(cls, folder: Path, *, buckets: int = 16) -> Self:
        """Begin an empty log.

        Parameters
        ----------
        folder
            Where; made if it is not there. Its parent is made too.
        buckets
            Into how many parts customers are dealt, for good. One bucket is what one step of work
            holds in memory: take so many that a bucket has at most a few million events.

        Raises
        ------
        BadConfig
            If ``buckets`` is not between 1 and 4096, or there is a log in the folder already.
        """
        folder = Path(folder)
        if not 1 <= buckets <= 4096:
            raise BadConfig(f"buckets must be between 1 and 4096, got {buckets}")
        if (folder / MANIFEST_NAME).exists():
            raise BadConfig(f"{folder} holds a log already", hint="open it: EventLog(folder)")
        (folder / "buckets").mkdir(parents=True, exist_ok=True)
        (folder / "rejects").mkdir(exist_ok=True)
        replace_text(folder / MANIFEST_NAME, Manifest(buckets=buckets).to_json())
        sync_folder(folder.parent)
        return cls(folder)

    @property
    def manifest(self) -> Manifest:
        """What the log holds at this moment; read again when another process has added to it."""
        path = self.folder / MANIFEST_NAME
        try:
            state = path.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if self._manifest is None or seen != self._seen:
                self._manifest, self._seen = read_manifest(path), seen
        except FileNotFoundError:
            raise NoWorkspace(
                f"{self.folder} must be a log, but there is no {MANIFEST_NAME} in it",
                hint="limner init",
            ) from None
        return self._manifest

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return self.manifest.buckets

    def __len__(self) -> int:
        """Count the events."""
        return self.manifest.rows

    def scan(
        self,
        *,
        bucket: int | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.LazyFrame:
        """Look at the events; nothing is read before ``collect``.

        Parameters
        ----------
        bucket
            Only this bucket, which is sorted by customer and time. None: all of them, bucket
            after bucket.
        since, before
            Only events at or after ``since``, and strictly before ``before``.
        columns
            Only these, in this order.

        Raises
        ------
        BadShape
            If there is no such bucket or column.
        """
        manifest = self.manifest
        if bucket is not None and not 0 <= bucket < manifest.buckets:
            raise BadShape(f"bucket must be between 0 and {manifest.buckets - 1}, got {bucket}")
        for name in columns or ():
            if name not in EVENT_SCHEMA:
                raise BadShape(
                    f"an event has no column {name!r}", hint=f"it has {', '.join(EVENT_SCHEMA)}"
                )
        files = [
            file
            for file in sorted(manifest.files, key=lambda one: (one.bucket, one.part))
            if (bucket is None or file.bucket == bucket)
            and (since is None or file.last >= since)
            and (before is None or file.first < before)
        ]
        frame = pl.LazyFrame(schema=EVENT_SCHEMA)
        if files:
            frame = pl.scan_parquet(
                [self.folder / file.name for file in files],
                schema=EVENT_SCHEMA,
                low_memory=True,
                glob=False,
            )
        if since is not None:
            frame = frame.filter(pl.col("time") >= since)
        if before is not None:
            frame = frame.filter(pl.col("time") < before)
        return frame.select(columns) if columns is not None else frame

    def read(self, ask: Callable[[], T]) -> T:
        """Return what was asked of this log, asked again where files were swapped meanwhile.

        Whoever reads while another process adds to the log, or takes somebody out of it, reads the
        one state or the other as a whole.

        Parameters
        ----------
        ask
            Scans and collects, all within.
        """
        for _ in range(_TRIES):
            before = self.manifest
            try:
                return ask()
            except FileNotFoundError:
                if self.manifest is before:
                    raise
        return ask()

    def events_of(self, customers: pl.Series) -> pl.DataFrame:
        """Return all that some customers did, bucket after bucket.

        Parameters
        ----------
        customers
            Their ids (N,).
        """
        homes = bucket_of(customers, buckets=self.buckets)
        parts = [pl.DataFrame(schema=EVENT_SCHEMA)]
        for bucket in sorted(set(homes.to_list())):
            own = pl.col("customer_id").is_in(customers.filter(homes == bucket).implode())
            parts.append(self.read(partial(self._of_bucket, bucket, own)))
        return pl.concat(parts)

    def _of_bucket(self, bucket: int, chosen: pl.Expr) -> pl.DataFrame:
        return self.scan(bucket=bucket).filter(chosen).collect()

    def catalogue(self) -> pl.DataFrame:
        """Return what is known of the items, one row an item, sorted by ``item_id``."""
        return self.read(lambda: self._side(self.manifest.catalogue, CATALOGUE_SCHEMA))

    def has_catalogue(self) -> bool:
        """Whether the file is there in which items are told of, if any are."""
        told = self.manifest.catalogue
        return told is None or (self.folder / told.name).is_file()

    def attributes(self) -> pl.DataFrame:
        """Return what customers told, one row a customer, attribute and moment of knowing."""
        return self.read(lambda: self._side(self.manifest.attributes, ATTRIBUTES_SCHEMA))

    def evidence(self) -> pl.DataFrame:
        """Return which names belong together: each pair and rule once, in the order of texts."""
        return self.read(lambda: self._side(self.manifest.evidence, EVIDENCE_SCHEMA))

    def flags(self) -> pl.DataFrame:
        """Return customers who behave like machines, one row a customer and flag."""
        return self.read(lambda: self._side(self.manifest.flags, FLAGS_SCHEMA))

    def item_vectors(self) -> dict[str, ItemVectors]:
        """Return what models made of the items' words and pictures, by name.

        They are no part of the log: whoever deletes ``vectors/`` loses only time.
        """
        kept = sorted((self.folder / VECTORS).glob("[!.]*.parquet"))
        return {file.stem: ItemVectors.read(file) for file in kept}

    def keep_item_vectors(self, name: str, vectors: ItemVectors) -> None:
        """Keep what a model made of all items, in place of what was there."""
        vectors.write(self.folder / VECTORS / f"{name}.parquet")

    def rejects(self) -> pl.LazyFrame:
        """Look at all refused rows, oldest ingest first."""
        files = [self.folder / file.name for file in self.manifest.rejects]
        if not files:
            return pl.LazyFrame(schema=REFUSED_SCHEMA)
        return pl.scan_parquet(files, schema=REFUSED_SCHEMA, glob=False)

    def _missing(self) -> list[str]:
        return sorted(name for name in self.manifest.names() if not (self.folder / name).is_file())

    def _side(self, file: SideFile | None, schema: pl.Schema) -> pl.DataFrame:
        if file is None:
            return pl.DataFrame(schema=schema)
        return pl.read_parquet(self.folder / file.name, schema=schema, glob=False)

    def __repr__(self) -> str:
        """Name the folder, the rows and the customers."""
        held = self.manifest
        place = os.fspath(self.folder)
        return f"EventLog({place!r}: {held.rows} events of {held.customers} customers)"
