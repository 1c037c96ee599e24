"""Segments of a workspace on the command line: whose rule, of whom, and members into a file."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from limner.cli.serving import open_store, parts_of
from limner.errors import BadConfig, Overtaken, TooFew

if TYPE_CHECKING:
    from limner.apps.segments.built_in import Segment
    from limner.apps.segments.counting import Estimate
    from limner.apps.segments.judging import Verdict
    from limner.apps.segments.rule import Rule
    from limner.cli.workspace import Workspace
    from limner.profiles.database.population import DatabasePopulation
    from limner.profiles.database.store import DatabaseStore
    from limner.service.parts import Parts

__all__ = ["FORMATS", "SegmentDesk", "desk_of", "read_rule"]

FORMATS = (".csv", ".jsonl", ".parquet")
"""How the files are called into which members can be written."""
_AT_ONCE = 1_000
_NEVER: Callable[[], bool] = lambda: False  # noqa: E731 - as short as it is


def read_rule(told: str) -> "Rule":
    """Return a rule that is told as JSON, as a file that holds it, or as - for stdin.

    Raises
    ------
    BadConfig
        If it is none; the message says where.
    """
    from limner.apps.segments.rule import parse_rule

    text = told
    if told == "-":
        text = sys.stdin.read()
    elif not told.lstrip().startswith("{"):
        file = Path(told)
        if not file.is_file():
            raise BadConfig(
                f"--rule must be JSON or a file that holds it, got {told!r}",
                hint='--rule \'{"field": "traits.orders", "op": "ge", "value": 2}\'',
            )
        text = file.read_text(encoding="utf-8")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"the rule must be JSON: {error}") from None
    return parse_rule(plain)


@contextmanager
def desk_of(shop: "Workspace", store: str | None) -> Iterator["SegmentDesk"]:
    """Open what is needed to ask about segments; the log is counted first, if it changed."""
    with open_store(shop, store) as living:
        parts = parts_of(shop, living)
        try:
            parts.painter.seed()
            yield SegmentDesk(living, parts)
        finally:
            parts.eraser.book.close()


@dataclass(frozen=True, slots=True)
class SegmentDesk:
    """Asks and answers about the segments of one workspace."""

    store: "DatabaseStore"
    parts: "Parts"

    def all(self) -> "list[Segment]":
        """Return all segments, the built-in ones first."""
        from limner.apps.segments.built_in import BUILT_IN, Segment
        from limner.apps.segments.rule import parse_rule
        from limner.profiles.database.segments import SegmentBook

        own = [
            Segment(each.id, each.name, parse_rule(each.rule), each.description, each.version)
            for each in SegmentBook(self.store.engine).all()
        ]
        return [*BUILT_IN.values(), *own]

    def get(self, segment_id: str) -> "Segment":
        """Return one segment. Raises BadConfig where there is none."""
        found = next((each for each in self.all() if each.id == segment_id), None)
        if found is None:
            raise BadConfig(
                f"there is no segment {segment_id!r}", hint="see them: limner segment list"
            )
        return found

    def make(self, segment_id: str, *, name: str, rule: "Rule", description: str) -> "Segment":
        """Keep a new segment. Raises BadConfig if its id is taken or is none."""
        from limner.apps.segments.rule import plain_rule
        from limner.profiles.database.segments import SegmentBook

        if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", segment_id):
            raise BadConfig(
                f"the id of a segment must be of a-z, 0-9, _ and -, got {segment_id!r}",
                hint="for instance: limner segment create big-spenders --rule FILE",
            )
        try:
            SegmentBook(self.store.engine).make(
                segment_id, name=name, rule=plain_rule(rule), description=description
            )
        except Overtaken as error:
            raise BadConfig(error.message, hint="choose another id") from None
        self._note("segment.made", segment_id)
        return self.get(segment_id)

    def drop(self, segment_id: str) -> None:
        """Take a segment away. Raises BadConfig where there is none of the shop's own."""
        from limner.profiles.database.segments import SegmentBook

        self.get(segment_id)
        if not SegmentBook(self.store.engine).drop(segment_id):
            raise BadConfig(f"the segment {segment_id!r} is built in, and stays")
        self._note("segment.dropped", segment_id)

    def people(self, purpose: str) -> "DatabasePopulation":
        """Return those of whom it may be told for a purpose. Raises BadConfig."""
        from limner.profiles.database.population import DatabasePopulation
        from limner.service.keys import PURPOSES

        if purpose not in PURPOSES:
            raise BadConfig(f"--purpose must be one of {', '.join(PURPOSES)}, got {purpose!r}")
        unasked = purpose not in self.parts.config.consent_for
        return DatabasePopulation(self.store.engine, purpose, unasked=unasked)

    def estimate(
        self, rule: "Rule", purpose: str, *, sample: int, seed: int, exact: bool
    ) -> "tuple[Estimate, int | None]":
        """Return how many fulfil a rule, from a sample, and if asked for exactly."""
        from limner.apps.segments.counting import count_exactly, estimate

        people, now = self.people(purpose), datetime.now(UTC)
        told = estimate(rule, people, n=sample, seed=seed, as_of=now)
        counted = told.hits if told.sampled == told.people else None
        if exact and counted is None:
            counted = count_exactly(rule, people, as_of=now, enough=_NEVER)
        return told, counted

    def explain(self, rule: "Rule", customer_id: str, purpose: str) -> "Verdict":
        """Say why somebody fulfils a rule or not. Raises BadConfig, UnknownCustomer."""
        from limner.apps.segments.judging import judge
        from limner.apps.segments.subject import Subject

        self.store.page(customer_id)
        page = self.people(purpose).of(customer_id)
        if page is None:
            raise BadConfig(f"of this customer it may not be told for {purpose!r}")
        self._note("profile.read", f"{purpose} limner segment explain", customer_id)
        return judge(rule, Subject.of_page(page, as_of=datetime.now(UTC)))

    def export(self, segment: "Segment", purpose: str, out: Path, *, fewest: int) -> int:
        """Write the ids of all members to a file; return how many there are.

        Raises
        ------
        TooFew
            If there are fewer than ``fewest``: a small list tells of people one by one.
        """
        found = list(self._members(segment.rule, purpose))
        if len(found) < fewest:
            raise TooFew(
                f"the segment {segment.id!r} must have at least {fewest} members to leave the"
                f" house, and has {len(found)}",
                hint="a wider rule, or --fewest N where you answer for it",
            )
        _write(found, out)
        self._note("segment.exported", f"{purpose} {segment.id}", *found)
        return len(found)

    def _members(self, rule: "Rule", purpose: str) -> Iterator[str]:
        from limner.apps.segments.counting import find

        people, now, after = self.people(purpose), datetime.now(UTC), ""
        while True:
            page = find(rule, people, after=after, limit=_AT_ONCE, as_of=now, enough=_NEVER)
            yield from (each.customer_id for each in page.pages)
            if page.cursor is None:
                return
            after = page.cursor

    def _note(self, action: str, detail: str, *customers: str) -> None:
        from limner.profiles.database.audit import Entry

        now = time.time_ns() // 1000
        self.parts.eraser.book.audit.append(
            [Entry(now, "command line", action, who, detail) for who in customers or (None,)]
        )


def _write(members: list[str], out: Path) -> None:
    import polars as pl

    table = pl.DataFrame({"customer_id": pl.Series(members, dtype=pl.String)})
    if str(out) == "-":
        sys.stdout.write(table.write_csv())
    elif out.suffix == ".csv":
        table.write_csv(out)
    elif out.suffix == ".jsonl":
        table.write_ndjson(out)
    else:
        table.write_parquet(out)
