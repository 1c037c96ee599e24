"""Rows of the tables as the records that leave the store."""

import json
from typing import Any

from limner.profiles.database.writing import EVENT, moment_of
from limner.profiles.live import Key, Told

__all__ = ["key_of", "told_of"]


def told_of(row: Any) -> Told:  # noqa: ANN401 - a row of SQLAlchemy's
    """Return an event of a timeline; the row holds its number, its times, and its columns."""
    seq, received, time_us, *rest = row
    event = {"time": moment_of(time_us).isoformat()}
    event |= {name: value for name, value in zip(EVENT, rest, strict=True) if value is not None}
    return Told(seq, received, event)


def key_of(row: Any) -> Key:  # noqa: ANN401 - a row of SQLAlchemy's
    """Return a key; the row is a whole one of the table."""
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    return Key(
        **plain
        | {
            "scopes": tuple(json.loads(plain["scopes"])),
            "purposes": tuple(json.loads(plain["purposes"])),
            "digest": bytes(plain["digest"]),
        }
    )
