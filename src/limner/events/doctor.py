"""What a source is, how well it fits, and what is wrong with it, by count and example."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import polars as pl

from limner.errors import BadSource
from limner.events.cleaning import Cleaned, CleaningConfig, Note, clean
from limner.events.event import KINDS
from limner.events.findings import MESSAGES, Finding, Severity, sorted_findings
from limner.events.look import Head, look
from limner.events.mapping import Mapping
from limner.events.noise import untelling_columns
from limner.events.source import RawBatch, Reader, open_source, rank_readers
from limner.events.suggestion import fit
from limner.events.symptoms import (
    bot_like,
    empty_columns,
    mixed_times,
    price_text,
    repeated_ids,
    repeated_rows,
    same_customer,
    suspicious_columns,
)

__all__ = ["Diagnosis", "Finding", "examine"]

MOST_ROWS = 2_000_000
"""How many rows are examined; of a longer source the rest is only looked at when it is ingested."""

_BATCH_ROWS = 500_000
_NEEDED = ("customer_id", "time", "kind")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a source is and what is wrong with it."""

    source: str
    """What was examined."""
    reader: str
    """Who reads it."""
    confidence: float
    """How sure that reader is, in [0, 1]."""
    others: tuple[tuple[str, float], ...]
    """Who else would take it, and how sure they are, the surest first."""
    fit: float
    """The share of the examined rows that would be kept as events or taken as facts, in [0, 1]."""
    mapping: Mapping
    """How its columns become ours."""
    rows: int
    """How many rows were examined."""
    sampled: bool
    """Whether there are more."""
    customers: int
    """How many customers the examined events have."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How many events there are of each kind."""
    findings: tuple[Finding, ...] = ()
    """What is wrong or worth knowing, the gravest first."""

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain values that JSON can say."""
        told = asdict(self)
        told["mapping"] = self.mapping.model_dump(mode="json", exclude_defaults=True)
        told["others"] = [{"reader": name, "confidence": sure} for name, sure in self.others]
        told["findings"] = [asdict(finding) for finding in self.findings]
        return told

    def notes(self) -> tuple[str, ...]:
        """Return the diagnosis in lines, to stand above the mapping in its file."""
        more = ", the first ones" if self.sampled else ""
        head = (
            f"{self.source}: {self.reader}, {self.confidence:.0%} sure; "
            f"{self.rows:,} rows{more}, {self.fit:.1%} fit"
        )
        return (head, *(str(finding) for finding in self.findings))


def examine(
    source: Any,  # noqa: ANN401 - a path, an address or a data frame
    mapping: Mapping | None = None,
    *,
    now: datetime | None = None,
    most_rows: int = MOST_ROWS,
    time_zone: str = "UTC",
) -> Diagnosis:
    """Say what a source is, how well it fits, and what is wrong with it.

    Parameters
    ----------
    source
        What :func:`~limner.events.source.open_source` takes.
    mapping
        How to read it; without one the suggestion is examined.
    now
        The present; times after it are in the future.
    most_rows
        How many rows to examine at most.
    time_zone
        The shop's: what times mean that name none, unless the mapping says it.

    Raises
    ------
    BadSource
        If there is nothing to read, or nothing to read it with.

    Examples
    --------
    >>> shop = pl.DataFrame({"user_id": ["u1", None], "time": ["2024-05-01", "2024-05-02"]})
    >>> [finding.code for finding in examine(shop).findings if finding.severity == "error"]
    []
    >>> next(f.count for f in examine(shop).findings if f.code == "customer_missing")
    1
    """
    head = look(source)
    ranked = rank_readers(head)
    reader, mapping = open_source(source, mapping)
    sure = next((sure for name, _, sure in ranked if name == mapping.reader), 0.0)
    others = tuple((name, sure) for name, _, sure in ranked if sure and name != mapping.reader)
    try:
        seen = _see(
            reader,
            source,
            mapping,
            _config(mapping, time_zone),
            now=now or datetime.now(UTC),
            most_rows=most_rows,
        )
    except BadSource as error:
        if head.frame is None:
            raise
        seen = _Seen(trouble=error)
    findings = [*_recognised(head, mapping, sure), *seen.findings()]
    if head.frame is not None:
        findings += [*empty_columns(head.frame, mapping), *suspicious_columns(head.frame, mapping)]
        findings += untelling_columns(head.frame, mapping)
        findings += mixed_times(head.frame, mapping)
        findings += price_text(head.frame, mapping)
    return Diagnosis(
        source=head.name,
        reader=mapping.reader,
        confidence=round(sure, 3),
        others=others,
        fit=seen.fit if seen.rows else fit(head.frame) if seen.trouble is None else 0.0,
        mapping=mapping,
        rows=seen.rows,
        sampled=seen.sampled,
        customers=seen.customers,
        kinds=dict(seen.kinds.most_common()),
        findings=sorted_findings(findings),
    )


@dataclass(slots=True)
class _Seen:
    """What was counted while the source went by."""

    rows: int = 0
    events: int = 0
    kept: int = 0
    other_rows: int = 0
    sampled: bool = False
    customers: int = 0
    trouble: BadSource | None = None
    refused: dict[str, Note] = field(default_factory=dict)
    noted: dict[str, Note] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    extra: list[Finding] = field(default_factory=list)

    @property
    def fit(self) -> float:
        return round((self.kept + self.other_rows) / self.rows, 4) if self.rows else 0.0

    def add(self, batch: RawBatch, cleaned: Cleaned | None) -> None:
        refused = [batch.refused] if cleaned is None else [batch.refused, cleaned.refused]
        self.rows += len(batch.events) + len(batch.refused) + batch.other_rows
        self.events += len(batch.events)
        self.other_rows += batch.other_rows
        for table in refused:
            _count(self.refused, _reasons(table))
        if cleaned is not None:
            self.kept += len(cleaned.kept)
            _count(self.noted, cleaned.noted.items())
            self.kinds.update(dict(cleaned.kept["kind"].value_counts().iter_rows()))

    def findings(self) -> list[Finding]:
        found = list(self.extra)
        for kind, notes in (("refused", self.refused), ("noted", self.noted)):
            for code, note in notes.items():
                severity: Severity = "warning" if kind == "refused" else _severity(code)
                found.append(
                    Finding.of(code, note.count, self.rows, example=note.example, severity=severity)
                )
        if self.trouble is not None:
            text = self.trouble.message
            hint = self.trouble.hint
            message = f"{text}; {hint}" if hint else text
            found.append(Finding("cannot_be_read", "error", message, 0, 0.0, ""))
        elif not self.rows:
            found.append(Finding.of("no_rows", 0, 0))
        if self.sampled:
            found.append(Finding.of("sampled", self.rows, self.rows))
        if self.rows and self.events and not self.kept:
            found.append(Finding.of("nothing_fits", self.events, self.rows))
        unknown = self.noted.get("kind_unknown")
        if unknown is not None:
            found = [finding for finding in found if finding.code != "kind_unknown"]
            names = ", ".join(name for name, _ in self.kinds.most_common() if name not in KINDS)
            found.append(Finding.of("kind_unknown", unknown.count, self.rows, example=names[:200]))
        return found


def _severity(code: str) -> Severity:
    return MESSAGES[code][0] if code in MESSAGES else "note"


def _reasons(refused: pl.DataFrame) -> Iterable[tuple[str, Note]]:
    if refused.is_empty():
        return
    counted = refused.group_by("reason", maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("detail", "line", "row").first()
    )
    for row in counted.iter_rows(named=True):
        where = f"line {row['line']}: " if row["line"] is not None else ""
        yield row["reason"], Note(row["rows"], f"{where}{row['detail']} | {row['row'] or ''}"[:300])


def _count(into: dict[str, Note], notes: Iterable[tuple[str, Note]]) -> None:
    for code, note in notes:
        into[code] = into[code] + note if code in into else note


def _see(
    reader: Reader,
    source: object,
    mapping: Mapping,
    config: CleaningConfig,
    *,
    now: datetime,
    most_rows: int,
) -> _Seen:
    """Read and clean as much as is examined, and count."""
    seen = _Seen()
    kept: list[pl.DataFrame] = []
    batches = reader.read(source, mapping, batch_rows=min(_BATCH_ROWS, most_rows))
    with_currency = 0
    for batch in batches:
        cleaned = None
        if len(batch.events):
            cleaned = clean(batch.events, config, file=batch.file, now=now)
            kept.append(cleaned.kept)
            with_currency += cleaned.kept.filter(
                pl.col("price").is_not_null() & pl.col("currency").is_null()
            ).height
        seen.add(batch, cleaned)
        if seen.rows >= most_rows:
            seen.sampled = next(batches, None) is not None
            break
    if kept:
        events = pl.concat(kept)
        seen.customers = events["customer_id"].n_unique()
        if with_currency:
            example = _first(
                events.filter(pl.col("price").is_not_null(), pl.col("currency").is_null())
            )
            seen.extra.append(
                Finding.of("currency_missing", with_currency, seen.rows, example=example)
            )
        seen.extra += list(
            chain(
                repeated_rows(events, seen.rows),
                repeated_ids(events, seen.rows),
                bot_like(events, seen.rows, config),
                same_customer(events, seen.rows),
            )
        )
    return seen


def _first(events: pl.DataFrame) -> str:
    row = events.row(0, named=True)
    return f"line {row['_line']}: customer {row['customer_id']}, price {row['price']}"


def _config(mapping: Mapping, time_zone: str) -> CleaningConfig:
    told = {"time_zone": time_zone, **mapping.options.model_dump(exclude_unset=True)}
    names = ("time_zone", "time_format", "day_first", "decimal_comma")
    return CleaningConfig(
        **{name: told[name] for name in names if told.get(name) not in (None, "")}
    )


def _recognised(head: Head, mapping: Mapping, sure: float) -> list[Finding]:
    """Say what the source is, and which needed columns it lacks."""
    told = [f"{ours} from {theirs}" for ours, theirs in mapping.columns.items()]
    told += [f"{ours} is {value!r} in every row" for ours, value in mapping.constants.items()]
    found = [
        Finding(
            "recognised",
            "note",
            f"{mapping.reader} reads it, {sure:.0%} sure"
            + (": " if told else "")
            + "; ".join(told),
            0,
            0.0,
            "",
        )
    ]
    if head.encoding not in ("", "utf-8", "utf-8-sig"):
        message = f"the text is {head.encoding} and is read as such"
        found.append(Finding("encoding_converted", "note", message, 0, 0.0, ""))
    if not mapping.has_events and (mapping.attributes or mapping.catalogue):
        found.append(Finding.of("no_events", 0, 0))
    own = mapping.reader in ("csv", "frame", "json_lines", "parquet", "sql")
    if own and mapping.has_events:
        known = {*mapping.columns, *mapping.constants}
        found += [Finding.of(f"no_{ours}_column", 0, 0) for ours in _NEEDED if ours not in known]
    return found
