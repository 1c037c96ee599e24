"""The segments of a shop as rows: made, changed and taken away, and cleared of who is erased."""

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from limner.errors import BadConfig, Overtaken
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking, take_turns, telling

__all__ = ["MOST_SEGMENTS", "KeptSegment", "SegmentBook", "hush_segments", "segments_naming"]

MOST_SEGMENTS = 1_000
"""So many segments a shop may keep; a profile is held against all of them."""
_HUSHED = "[erased]"


@dataclass(frozen=True, slots=True)
class KeptSegment:
    """A segment as it is kept: its rule as plain JSON values, and how often it was changed."""

    id: str
    name: str
    description: str
    rule: Mapping[str, Any]
    version: int
    created_us: int
    changed_us: int


@final
class SegmentBook:
    """The segments of a living store.

    Parameters
    ----------
    engine
        Its database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def all(self) -> list[KeptSegment]:
        """Return all segments, by id."""
        with asking(self.engine) as connection:
            rows = connection.execute(select(t.segments).order_by(t.segments.c.id)).all()
        return [_segment(row) for row in rows]

    def get(self, segment_id: str) -> KeptSegment | None:
        """Return one segment, none if there is none."""
        asked = select(t.segments).where(t.segments.c.id == segment_id)
        with asking(self.engine) as connection:
            row = connection.execute(asked).first()
        return None if row is None else _segment(row)

    def make(
        self, segment_id: str, *, name: str, rule: Mapping[str, Any], description: str = ""
    ) -> KeptSegment:
        """Keep a new segment.

        Raises
        ------
        Overtaken
            If there is one of this id.
        BadConfig
            If there are too many.
        """
        now = time.time_ns() // 1000
        made = KeptSegment(segment_id, name, description, rule, 1, now, now)
        try:
            with self._writing() as connection:
                known = connection.execute(select(func.count()).select_from(t.segments))
                if known.scalar_one() >= MOST_SEGMENTS:
                    raise BadConfig(
                        f"there are {MOST_SEGMENTS} segments, and no more are kept",
                        hint="DELETE /v1/segments/{id} takes one away",
                    )
                connection.execute(t.segments.insert(), [_row(made)])
        except IntegrityError:
            raise Overtaken(
                f"there is a segment {segment_id!r} already", hint="change it, or choose another id"
            ) from None
        return made

    def change(self, kept: KeptSegment, told: Mapping[str, Any]) -> KeptSegment:
        """Change a segment, as it was read. Raises Overtaken if it was changed meanwhile."""
        now = time.time_ns() // 1000
        fresh = KeptSegment(
            kept.id,
            told.get("name", kept.name),
            told.get("description", kept.description),
            told.get("rule", kept.rule),
            kept.version + 1,
            kept.created_us,
            now,
        )
        s = t.segments.c
        asked = update(t.segments).where(s.id == kept.id, s.version == kept.version)
        with self._writing() as connection:
            done = connection.execute(asked.values(**_row(fresh))).rowcount
        if not done:
            raise Overtaken(
                f"the segment {kept.id!r} was changed meanwhile", hint="read it again, then change"
            )
        return fresh

    def drop(self, segment_id: str) -> bool:
        """Take a segment away; whether there was one."""
        with self._writing() as connection:
            gone = delete(t.segments).where(t.segments.c.id == segment_id)
            return connection.execute(gone).rowcount > 0

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _but_twice(), self.engine.begin() as connection:
            take_turns(connection)
            yield connection


def hush_segments(connection: Connection, words: Collection[str], *, field: str) -> int:
    """Put a mark in place of words that stand in segments; return in how many they stood.

    The words are those of somebody who is erased, and of nobody else; so a rule means the same of
    all others.

    Parameters
    ----------
    connection
        Within a transaction.
    words
        What they told, or what they alone bought.
    field
        Under which fields of a clause they are looked for: how these begin. In names and
        descriptions they go wherever they stand as words of their own.
    """
    found = _naming(connection, words, field)
    for row, fresh in found:
        asked = update(t.segments).where(t.segments.c.id == row.id)
        connection.execute(asked.values(**fresh, version=row.version + 1))
    return len(found)


def segments_naming(connection: Connection, words: Collection[str], *, field: str) -> list[Any]:
    """Return the rows in which such words stand, as :func:`hush_segments` finds them."""
    return [row for row, _ in _naming(connection, words, field)]


def _naming(
    connection: Connection, words: Collection[str], field: str
) -> list[tuple[Any, dict[str, str]]]:
    told = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    found = []
    for row in connection.execute(select(t.segments)).all() if told else ():
        fresh = {
            "name": _without(row.name, told),
            "description": _without(row.description, told),
            "rule": json.dumps(_hushed(json.loads(row.rule), set(told), field)),
        }
        if any(fresh[name] != getattr(row, name) for name in fresh):
            found.append((row, fresh))
    return found


def _hushed(plain: Any, words: Collection[str], field: str) -> Any:  # noqa: ANN401 - JSON
    """Return a rule without words as values of some fields."""
    if isinstance(plain, list):
        return [_hushed(each, words, field) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if not str(plain.get("field", "")).startswith(field):
        return {name: _hushed(each, words, field) for name, each in plain.items()}
    value = plain.get("value")
    if isinstance(value, list):
        return plain | {"value": [_HUSHED if each in words else each for each in value]}
    return plain | {"value": _HUSHED} if value in words else plain


def _without(text: str, words: Sequence[str]) -> str:
    either = "|".join(re.escape(word) for word in words)
    return re.sub(rf"(?<!\w)(?:{either})(?!\w)", _HUSHED, text)


@contextmanager
def _but_twice() -> Iterator[None]:
    """Say what the database's errors mean, but let one pass: that a row is there already."""
    with telling():
        try:
            yield
        except IntegrityError as error:
            twice = error
        else:
            return
    raise twice


def _row(kept: KeptSegment) -> dict[str, Any]:
    return {
        "id": kept.id,
        "name": kept.name,
        "description": kept.description,
        "rule": json.dumps(kept.rule),
        "version": kept.version,
        "created_us": kept.created_us,
        "changed_us": kept.changed_us,
    }


def _segment(row: Any) -> KeptSegment:  # noqa: ANN401 - a row of SQLAlchemy's
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    return KeptSegment(**plain | {"rule": json.loads(plain["rule"])})
