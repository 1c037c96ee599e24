"""Keys as rows: of a secret only its keyed hash, and until when a key holds."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, or_, update

from limner.profiles.database import tables as t
from limner.profiles.live import Key

__all__ = ["key_of", "revoke_key", "row_of_key"]


def row_of_key(key: Key) -> dict[str, Any]:
    """Return a key as a row."""
    lists = {"scopes": json.dumps(key.scopes), "purposes": json.dumps(key.purposes)}
    return asdict(key) | lists


def key_of(row: Any) -> Key:  # noqa: ANN401 - a row of SQLAlchemy's
    """Return a row as a key."""
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    return Key(
        **plain
        | {
            "scopes": tuple(json.loads(plain["scopes"])),
            "purposes": tuple(json.loads(plain["purposes"])),
            "digest": bytes(plain["digest"]),
        }
    )


def revoke_key(connection: Connection, key_id: str, *, at_us: int) -> bool:
    """Let a key hold until a moment; whether it would have held longer."""
    k = t.keys.c
    longer = or_(k.revoked_us.is_(None), k.revoked_us > at_us)
    asked = update(t.keys).where(k.id == key_id, longer).values(revoked_us=at_us)
    return connection.execute(asked).rowcount > 0
