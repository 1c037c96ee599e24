"""Who was erased and stays out: keyed hashes of ids, from which no id can be told."""

import hmac
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import final

import polars as pl

from limner.errors import BadConfig
from limner.events.durable import by_turns, replace_text
from limner.events.refusals import REFUSED_SCHEMA

__all__ = ["ERASED", "Suppression", "add_suppressed", "hushed", "lift_suppressed", "names_in"]

ERASED = "erased"
"""The reason for which events of somebody who was erased are refused."""
_BYTES = 16
_HEAD = "# who was erased, as hashes of their ids under the key "
_BETWEEN = re.compile(r"[,;\t|]+")
_AROUND = re.compile(r"[,;\t|\s{}\[\]:=\"']+")
_WHOLE = re.compile(r"(-?\d+)\.0+")


@final
class Suppression:
    """A list of who was erased.

    Parameters
    ----------
    pepper
        The secret under which ids are hashed.
    digests
        The hashes of those on the list, 16 bytes each.
    """

    def __init__(self, pepper: bytes, digests: Iterable[bytes] = ()) -> None:
        self._key = hmac.digest(pepper, b"limner suppression", "sha256")
        self.digests = frozenset(digests)

    @property
    def fingerprint(self) -> str:
        """What tells this key from others, and nothing of it: 16 hexadecimal digits."""
        return hmac.digest(self._key, b"fingerprint", "sha256")[:8].hex()

    def digest(self, customer_id: str) -> bytes:
        """Return by what an id is known once it was erased: an HMAC-SHA256, its first 16 bytes."""
        said = b"id\0" + customer_id.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, said, "sha256")[:_BYTES]

    def holds(self, customer_id: str) -> bool:
        """Whether somebody was erased."""
        return bool(self.digests) and self.digest(customer_id) in self.digests

    def mask(self, customers: pl.Series) -> pl.Series:
        """Return which of N ids are those of erased people, as booleans (N,)."""
        if not self.digests:
            return pl.repeat(value=False, n=len(customers), dtype=pl.Boolean, eager=True)
        gone = [who for who in customers.drop_nulls().unique().to_list() if self.holds(who)]
        return customers.is_in(pl.Series(gone, dtype=pl.String).implode()).fill_null(value=False)

    def items_alone(self, events: pl.DataFrame, *refused: pl.DataFrame) -> set[str]:
        """Return the items that came with what erased people did, and with nothing else."""
        if not self.digests:
            return set()
        gone = self.mask(events["customer_id"])
        found = set(events.filter(gone)["item_id"].drop_nulls().to_list())
        for row in (row for frame in refused for row in frame["row"].to_list()):
            names = names_in(row)
            found |= names if any(map(self.holds, names)) else set()
        return found - set(events.filter(~gone)["item_id"].drop_nulls().to_list())

    def hush(self, refused: pl.DataFrame) -> pl.DataFrame:
        """Return refused rows; of those that name an erased person only the place is left."""
        if not self.digests or refused.is_empty():
            return refused
        named = [any(map(self.holds, names_in(row))) for row in refused["row"].to_list()]
        return hushed(refused, pl.Series(named, dtype=pl.Boolean), reason=ERASED)

    @classmethod
    def read(cls, path: Path, pepper: bytes) -> "Suppression":
        """Read a list from a file; where there is none, nobody is on it.

        Raises
        ------
        BadConfig
            If it is no such list, or one of another key.
        """
        empty = cls(pepper)
        try:
            lines = path.read_text("utf-8").split("\n")
        except FileNotFoundError:
            return empty
        except UnicodeDecodeError:
            lines = [""]
        if lines[0] != _HEAD + empty.fingerprint:
            raise BadConfig(
                f"{path} must be a list of erased people made with this workspace's key",
                hint="take suppressed.txt of the workspace that the copy is from",
            )
        try:
            return cls(pepper, [bytes.fromhex(line) for line in lines[1:] if line.strip()])
        except ValueError as error:
            raise BadConfig(
                f"{path} must hold a hash a line: {error}", hint="put it back from a copy"
            ) from None

    def write(self, path: Path) -> None:
        """Write the list in one step; durable on return."""
        lines = [_HEAD + self.fingerprint, *sorted(each.hex() for each in self.digests)]
        replace_text(path, "\n".join(lines) + "\n")


def add_suppressed(path: Path, pepper: bytes, digests: Iterable[bytes]) -> Suppression:
    """Put hashes on the list in a file; of several who do so at once none is lost."""
    with by_turns(path.parent):
        known = Suppression.read(path, pepper)
        more = Suppression(pepper, known.digests | set(digests))
        if more.digests != known.digests or (more.digests and not path.exists()):
            more.write(path)
        return more


def lift_suppressed(path: Path, pepper: bytes, digests: Iterable[bytes]) -> Suppression:
    """Take hashes off the list in a file; see :func:`add_suppressed`."""
    with by_turns(path.parent):
        known = Suppression.read(path, pepper)
        fewer = Suppression(pepper, known.digests - set(digests))
        if fewer.digests != known.digests:
            fewer.write(path)
        return fewer


def hushed(refused: pl.DataFrame, named: pl.Series, *, reason: str | None = None) -> pl.DataFrame:
    """Return refused rows, those that are ``named`` without what they said."""
    said = [pl.when(named).then(None).otherwise(name).alias(name) for name in ("detail", "row")]
    if reason is not None:
        said.append(pl.when(named).then(pl.lit(reason)).otherwise("reason").alias("reason"))
    return refused.with_columns(said).select(REFUSED_SCHEMA.names()).cast(REFUSED_SCHEMA)


def names_in(row: str | None) -> set[str]:
    """Return whatever in a refused row may be somebody's id: its values, however it is written.

    Examples
    --------
    >>> sorted(names_in('{"userId": "ann", "n": [17.0]}'))
    ['17', '17.0', 'ann']
    >>> sorted(names_in("ann b;2024"))
    ['2024', 'ann', 'ann b', 'b']
    """
    if not row:
        return set()
    try:
        found = set(_scalars(json.loads(row)))
    except (ValueError, RecursionError):
        found = {piece.strip(" \"'") for piece in _BETWEEN.split(row)} | set(_AROUND.split(row))
    return {
        name for each in found if each for name in (each, each.strip(), _WHOLE.sub(r"\1", each))
    }


def _scalars(value: object) -> Iterator[str]:
    """Go through the values of JSON, also of JSON that stands in a text."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            yield each
            if each[:1] in {"{", "["}:
                try:
                    waiting.append(json.loads(each))
                except (ValueError, RecursionError):
                    yield from _AROUND.split(each)
        elif isinstance(each, int | float) and not isinstance(each, bool):
            yield str(each)
