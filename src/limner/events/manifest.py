"""What the log holds, on one page: which files, how many rows, and where they came from."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from limner.errors import LogCorrupt
from limner.events.buckets import HASH_NAME
from limner.events.cleaning import Note

__all__ = ["MANIFEST_NAME", "BucketFile", "Manifest", "SideFile", "SourceRecord", "read_manifest"]

MANIFEST_NAME = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class BucketFile:
    """One Parquet file of a bucket: whole customers, sorted by customer and time.

    ``sizes`` counts rows by :func:`~limner.events.outliers.histogram` of their column.
    """

    bucket: int
    part: int
    name: str
    rows: int
    customers: int
    first: datetime
    last: datetime
    kinds: Mapping[str, int]
    digest: str
    sizes: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SideFile:
    """One Parquet file beside the buckets: catalogue, attributes, flags, evidence, or rejects."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What became of one source: ``rows_in`` is ``kept`` plus all of ``refused``.

    ``withdrawn`` counts rows of earlier sources that this one drove out of the log, by reason.
    """

    name: str
    digest: str
    settings: str
    generation: int
    rows_in: int
    kept: int
    refused: Mapping[str, Note]
    noted: Mapping[str, Note]
    withdrawn: Mapping[str, Note]
    other_rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain tables, as they stand in the manifest."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The state of a log. A new state is a new manifest; this one never changes."""

    buckets: int
    version: int = VERSION
    hash_name: str = HASH_NAME
    generation: int = 0
    files: tuple[BucketFile, ...] = ()
    catalogue: SideFile | None = None
    attributes: SideFile | None = None
    flags: SideFile | None = None
    evidence: SideFile | None = None
    flagged: Mapping[str, int] = field(default_factory=dict)
    rejects: tuple[SideFile, ...] = ()
    sources: tuple[SourceRecord, ...] = ()

    @property
    def rows(self) -> int:
        """How many events the log holds."""
        return sum(file.rows for file in self.files)

    @property
    def customers(self) -> int:
        """How many customers have events."""
        return sum(file.customers for file in self.files)

    @property
    def first(self) -> datetime | None:
        """Time of the oldest event, or None."""
        return min((file.first for file in self.files), default=None)

    @property
    def last(self) -> datetime | None:
        """Time of the newest event, or None."""
        return max((file.last for file in self.files), default=None)

    @property
    def kinds(self) -> dict[str, int]:
        """How many events there are of each kind, commonest first."""
        totals: dict[str, int] = {}
        for file in self.files:
            for kind, count in file.kinds.items():
                totals[kind] = totals.get(kind, 0) + count
        return dict(sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def fingerprint(self) -> str:
        """Digest of the content: the same events and the same beside them give the same one."""
        digest = blake2b(digest_size=16)
        digest.update(f"{self.hash_name}/{self.buckets}".encode())
        for file in sorted(self.files, key=lambda one: (one.bucket, one.part)):
            digest.update(f"{file.bucket}.{file.part}:{file.digest}".encode())
        for side in (self.catalogue, self.attributes):
            digest.update(side.digest.encode() if side else b"-")
        if self.evidence:
            digest.update(self.evidence.digest.encode())
        return digest.hexdigest()

    def names(self) -> set[str]:
        """Return the names of all files that belong to the log, relative to its folder."""
        sides = (self.catalogue, self.attributes, self.flags, self.evidence, *self.rejects)
        return {file.name for file in self.files} | {side.name for side in sides if side}

    def to_json(self) -> str:
        """Write it as JSON, the totals first, for people who look into the folder."""
        totals = {
            "rows": self.rows,
            "customers": self.customers,
            "first": self.first,
            "last": self.last,
            "kinds": self.kinds,
            "fingerprint": self.fingerprint,
        }
        return json.dumps({"totals": totals, **asdict(self)}, indent=1, default=_plain) + "\n"

    def with_changes(self, **changes: Any) -> "Manifest":  # noqa: ANN401 - any field
        """Return the next generation, with these fields changed."""
        return replace(self, generation=self.generation + 1, **changes)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a log.

    Raises
    ------
    LogCorrupt
        If it is not a manifest, or one of a newer Limner or with another hash.
    FileNotFoundError
        If there is none.
    """
    text = path.read_text("utf-8")
    try:
        table = json.loads(text)
        table.pop("totals", None)
        if table["version"] > VERSION:
            raise LogCorrupt(
                f"{path} has version {table['version']}, this Limner reads up to {VERSION}",
                hint="pip install --upgrade limner",
            )
        if table["hash_name"] != HASH_NAME:
            raise LogCorrupt(f"{path} uses the hash {table['hash_name']}, not {HASH_NAME}")
        table.setdefault("evidence", None)  # logs of before know of none
        for side in ("catalogue", "attributes", "flags", "evidence"):
            table[side] = SideFile(**table[side]) if table[side] else None
        table["rejects"] = tuple(SideFile(**one) for one in table["rejects"])
        table["files"] = tuple(_bucket_file(one) for one in table["files"])
        table["sources"] = tuple(_source(one) for one in table["sources"])
        return Manifest(**table)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, LogCorrupt):
            raise
        raise LogCorrupt(
            f"{path} must be a manifest, but {type(error).__name__}: {error}",
            hint="restore it from a copy, or ingest the sources again into an empty log",
        ) from error


def _bucket_file(table: dict[str, Any]) -> BucketFile:
    sizes = {
        name: {int(at): count for at, count in counts.items()}
        for name, counts in table.pop("sizes").items()
    }
    first, last = (datetime.fromisoformat(table.pop(end)) for end in ("first", "last"))
    return BucketFile(**table, sizes=sizes, first=first, last=last)


def _source(table: dict[str, Any]) -> SourceRecord:
    for group in ("refused", "noted", "withdrawn"):
        table[group] = {code: Note(**note) for code, note in table[group].items()}
    return SourceRecord(**table)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
