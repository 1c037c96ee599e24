"""Files that are sent to be imported, or named: taken within limits, kept until they are read."""

import hashlib
import os
import re
from pathlib import Path

from fastapi import Request

from limner.service.problems import Problem
from limner.service.settings import ServeConfig

__all__ = ["SENT", "SUFFIXES", "named_file", "receive_file", "tidy_name"]

SENT = "imports"
"""The folder of the workspace where files wait that were sent."""
SUFFIXES: dict[str, str] = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
}
"""How files are called by their media types, where they are called nothing else."""
_KNOWN = re.compile(r"\.(csv|tsv|txt|jsonl|ndjson|json|parquet)(\.(gz|zst))?$", re.IGNORECASE)
_LONGEST = 128


def tidy_name(told: str, media_type: str) -> str:
    """Return what a file is to be called: its name alone, and with an ending that is known.

    Raises
    ------
    Problem
        415 where neither its name nor its media type say what it is.
    """
    plain = re.sub(r"[^\w. -]", "_", told.replace("\\", "/").rpartition("/")[2])[-_LONGEST:]
    plain = plain.lstrip(". _-")
    if _KNOWN.search(plain):
        return plain
    suffix = SUFFIXES.get(media_type.partition(";")[0].strip().lower())
    if suffix is None:
        raise Problem(
            415,
            "unknown_file",
            f"a file must be CSV, JSON lines or Parquet, got {media_type[:64]!r} named {plain!r}",
            hint=f"say ?name=orders.csv, or a Content-Type of {', '.join(SUFFIXES)}",
        )
    return (plain or "file") + suffix


async def receive_file(request: Request, path: Path, config: ServeConfig) -> str:
    """Write the body of a request to a file, durable on return; return its SHA-256.

    Raises
    ------
    Problem
        413 if it is larger than a file may be.
    """
    limit = config.import_bytes
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > limit:
        raise _too_large(limit)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    part = path.with_name(f"{path.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()


def named_file(told: str, workspace: Path | None, config: ServeConfig) -> Path:
    """Return a file below the folder from which files may be imported.

    Raises
    ------
    Problem
        403 where none may, or the path leads out of it; 404 where there is no such file.
    """
    if workspace is None or not config.import_folder:
        raise Problem(
            403,
            "no_import_folder",
            "files can only be sent here, not named",
            hint='allow a folder: import_folder = "exports" in [serve] of limner.toml',
        )
    home = (workspace / config.import_folder).resolve()
    try:
        found = (home / told).resolve()
    except (OSError, ValueError, RuntimeError):
        found = Path("/")
    if "\0" in told or not found.is_relative_to(home) or found == home:
        raise Problem(403, "outside", "the path must lie below the folder of imports")
    if not found.is_file():
        raise Problem(404, "unknown_file", "there is no such file below the folder of imports")
    return found


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"a file must have at most {limit} bytes",
        hint="cut it in parts, or read it on the machine: limner ingest",
    )
