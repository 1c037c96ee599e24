"""Keys: made once, shown once, kept as a keyed hash, and held against what they may do."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from limner.errors import BadConfig
from limner.profiles.live import Key, LiveStore

__all__ = ["PURPOSES", "SCOPES", "Keyring", "Made", "Principal", "read_pepper"]

SCOPES: dict[str, str] = {
    "ingest": "send events and items",
    "profile:read": "read profiles, timelines and traits",
    "profile:write": "merge customers, and split them again",
    "profile:embedding": "read the vectors that models made of customers",
    "segment:read": "read segments, and who is in them",
    "segment:write": "make segments, change them and take them away",
    "score": "read predictions of many customers",
    "reco": "read recommendations, and rank items",
    "risk": "have risks assessed",
    "privacy": "export and erase what is held of a customer",
    "admin": "read rejects and statistics; run jobs",
}
"""What a key may be for."""
PURPOSES: tuple[str, ...] = ("service", "marketing", "risk", "analytics")
"""For what a profile may be read; said with every reading, in ``X-Purpose``."""
_MARK = "lk"
_FRESH_S = 2.0
"""So long a key that was found good is taken to be; a revoked one is refused after it."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    key_id: str
    name: str
    scopes: frozenset[str]
    purposes: frozenset[str]
    tenant: str


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was just made; its ``secret`` is shown this once and kept nowhere."""

    key: Key
    secret: str


def read_pepper(path: Path) -> bytes:
    """Return the secret with which keys are hashed; made at first, readable by its owner alone."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = secrets.token_bytes(32)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return read_pepper(path)
        with os.fdopen(handle, "wb") as file:
            file.write(found)
            file.flush()
            os.fsync(file.fileno())
    if len(found) < 16:
        raise BadConfig(
            f"{path} must hold at least 16 secret bytes, got {len(found)}",
            hint="put it back from a copy; without it no key is known",
        )
    return found


def _now_us() -> int:
    return time.time_ns() // 1000


@final
class Keyring:
    """Makes keys and knows them again.

    Parameters
    ----------
    store
        Where they are kept.
    pepper
        The secret of the keyed hash; see :func:`read_pepper`.
    tenant
        Whose keys they are; one of another tenant is known, and may do nothing.
    clock
        Tells seconds, for how long a key that was looked up stays known.
    """

    def __init__(
        self,
        store: LiveStore,
        pepper: bytes,
        *,
        tenant: str = "default",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self._pepper, self._clock = store, pepper, clock
        self.tenant = tenant
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def make(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        purposes: Sequence[str] = (),
    ) -> Made:
        """Make a key of the tenant.

        Raises
        ------
        BadConfig
            If a scope or a purpose is unknown, or none is given.
        """
        unknown = [each for each in scopes if each not in SCOPES]
        if unknown or not scopes:
            raise BadConfig(
                f"a key must have scopes of {', '.join(SCOPES)}, got {', '.join(unknown) or 'none'}"
            )
        odd = [each for each in purposes if each not in PURPOSES]
        if odd:
            raise BadConfig(f"purposes must be of {', '.join(PURPOSES)}, got {odd[0]!r}")
        once = tuple(dict.fromkeys(scopes)), tuple(dict.fromkeys(purposes))
        made = self._draw(name, *once, tenant=self.tenant)
        self.store.add_key(made.key)
        return made

    def rotate(self, key_id: str, *, overlap_s: float) -> Made:
        """Make a new key for the same, and let the old one hold for so many seconds more.

        Raises
        ------
        BadConfig
            If there is no such key, or it is revoked or rotated already.
        """
        old, now = self.store.key(key_id), _now_us()
        if old is None or old.revoked_us is not None:
            raise BadConfig(
                f"no key that holds without an end has the id {key_id!r}",
                hint="see them: limner keys list",
            )
        made = self._draw(old.name, old.scopes, old.purposes, tenant=old.tenant)
        if not self.store.replace_key(key_id, made.key, at_us=now + round(overlap_s * 1e6)):
            raise BadConfig(f"the key {key_id!r} was revoked meanwhile")
        return made

    def _draw(
        self, name: str, scopes: tuple[str, ...], purposes: tuple[str, ...], *, tenant: str
    ) -> Made:
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = Key(
            id=identity,
            name=name,
            scopes=scopes,
            digest=self._digest(identity, secret),
            created_us=_now_us(),
            tenant=tenant,
            purposes=purposes,
        )
        return Made(key, f"{_MARK}_{identity}_{secret}")

    def who(self, secret: str) -> Principal | None:
        """Return whose a key is, none if it is unknown or was revoked."""
        mark = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(mark)
        if known is not None and known[0] > self._clock():
            return known[1]
        parts = secret.split("_", 2)
        if len(parts) != 3 or parts[0] != _MARK:
            return None
        key = self.store.key(parts[1])
        digest = key.digest if key is not None else bytes(32)
        right = hmac.compare_digest(digest, self._digest(parts[1], parts[2]))
        over = key is not None and key.revoked_us is not None and key.revoked_us <= _now_us()
        if key is None or not right or over:
            self._known.pop(mark, None)
            return None
        found = Principal(
            key.id, key.name, frozenset(key.scopes), frozenset(key.purposes), key.tenant
        )
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[mark] = (self._clock() + _FRESH_S, found)
        return found

    def _digest(self, identity: str, secret: str) -> bytes:
        said = f"{identity}:{secret}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._pepper, said, "sha256")
