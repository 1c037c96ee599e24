"""OTTO's sessions: one JSON object a session, its clicks, carts and orders inside."""

from collections.abc import Iterator
from typing import final

import polars as pl

from limner.errors import BadSource
from limner.events.delimited import Stretch
from limner.events.json_text import read_json_lines
from limner.events.look import Head, files_of
from limner.events.mapping import Mapping
from limner.events.refusals import refuse
from limner.events.source import RawBatch

__all__ = ["Otto"]

_KINDS = {"clicks": "view", "carts": "cart", "orders": "purchase"}
_EVENT = pl.Struct({"aid": pl.String, "ts": pl.String, "type": pl.String})
_BLOCK_BYTES = 1 << 25


@final
class Otto:
    """Reads ``{"session": 1, "events": [{"aid": 2, "ts": 1661724000278, "type": "clicks"}]}``.

    A session is taken for a customer, since nobody knows more. A session unfolds into its events;
    one without any is refused.
    """

    def sniff(self, head: Head) -> float:
        """Return 0.95 if the first objects have a session and events with their three fields."""
        inside = all(b'"%s"' % field in head.start[:65_536] for field in (b"aid", b"ts", b"type"))
        return 0.95 if {"session", "events"} <= set(head.columns) and inside else 0.0

    def suggest(self, head: Head) -> Mapping:  # noqa: ARG002 - the fields are always the same
        """Return the only mapping there is."""
        return Mapping(
            reader="otto",
            columns={"customer_id": "session", "time": "ts", "kind": "type", "item_id": "aid"},
            kinds=_KINDS,
        )

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the sessions; raises BadSource if a file is broken as a whole."""
        files = files_of(source)
        if not files:
            raise BadSource(f"{source} must be JSON lines of sessions, but there are none")
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "session": pl.String,
            "events": pl.List(_EVENT),
        }
        # A session is long; an event takes some fifty bytes of its line.
        block_bytes = max(1 << 12, min(_BLOCK_BYTES, batch_rows * 50))
        for at, file in enumerate(files):
            for stretch in read_json_lines(file, schema, block_bytes=block_bytes):
                yield _unfolded(stretch, mapping, str(file)).of_many(at, len(files))


def _unfolded(stretch: Stretch, mapping: Mapping, file: str) -> RawBatch:
    sessions = stretch.frame.with_columns(stretch.line)
    is_empty = pl.col("events").is_null() | (pl.col("events").list.len() == 0)
    empty = sessions.filter(is_empty)
    why = pl.Series(["no_events"], dtype=pl.String).new_from_index(0, len(empty))
    detail = pl.Series(["a session must hold events"]).new_from_index(0, len(empty))
    refused = refuse(empty.drop("events"), reason=why, detail=detail, file=file)
    kinds = {**_KINDS, **mapping.kinds}
    events = (
        sessions.filter(~is_empty)
        .explode("events")
        .unnest("events")
        .select(
            customer_id="session",
            time="ts",
            kind=pl.col("type").replace(kinds),
            item_id="aid",
            session_id="session",
            _line="_line",
        )
    )
    return RawBatch(
        events, pl.concat([stretch.refused, refused]), progress=stretch.progress, file=file
    )
