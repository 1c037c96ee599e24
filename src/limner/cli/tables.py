"""How results look on a terminal, and as plain text in a pipe."""

import sys
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from limner.cli.console import tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from limner.events.doctor import Diagnosis
    from limner.events.ingest import IngestReport
    from limner.profiles.record import Language, Profile, Recommendation
    from limner.training.scoreboard import Scoreboard

__all__ = [
    "card",
    "diagnosis_view",
    "figures_table",
    "ingest_table",
    "recommendation_table",
    "scoreboard_view",
]


def card(profile: "Profile", *, language: "Language" = "en") -> RenderableType:
    """Return the card of a profile: coloured on a terminal, plain in a pipe."""
    if not sys.stdout.isatty():
        return profile.to_text(language)
    from limner.profiles.text import card_view

    return card_view(profile, language)


def scoreboard_view(scoreboard: "Scoreboard") -> RenderableType:
    """Return the scoreboard: tables on a terminal, as wide as they need to be in a pipe."""
    from limner.training import table

    return table.render(scoreboard) if sys.stdout.isatty() else table.plain(scoreboard)


def recommendation_table(
    items: "Sequence[Recommendation]", *, language: "Language" = "en"
) -> RenderableType:
    """Return the items to offer, best first, each with its reason."""
    table = _table("", "item", "", "why", "before")
    for place, item in enumerate(items, 1):
        reason = item.reason_zh if language == "zh" else item.reason_en
        _add(
            table, str(place), item.item_id, item.title, reason, "new" if item.is_new else "bought"
        )
    return table


def ingest_table(report: "IngestReport") -> RenderableType:
    """Return what became of the rows of each source: kept, or refused for which reason."""
    table = _table("source", "rows", "what became of them", "example", right=frozenset({"rows"}))
    for source in report.sources:
        _add(table, source.name, f"{source.rows_in:,}", "read", "")
        _add(table, "", f"{source.kept:,}", "kept", "")
        if source.other_rows:
            _add(table, "", f"{source.other_rows:,}", "of items or customers, beside these", "")
        for what, notes in (("refused", source.refused), ("noted", source.noted)):
            for why, note in sorted(notes.items(), key=lambda each: -each[1].count):
                _add(table, "", f"{note.count:,}", f"{what}: {why}", _short(note.example))
        for why, note in source.withdrawn.items():
            _add(table, "", f"{note.count:,}", f"of earlier sources, withdrawn: {why}", "")
    for name in report.skipped:
        _add(table, name, "", "was in the log already", "")
    return table


def diagnosis_view(diagnosis: "Diagnosis") -> RenderableType:
    """Return what a source is, and its findings by count and example."""
    first = "the first " if diagnosis.sampled else ""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in diagnosis.kinds.items())
    lines = [
        f"{diagnosis.source}: read by {diagnosis.reader}, which is {diagnosis.confidence:.0%} sure",
        f"{first}{diagnosis.rows:,} rows, {diagnosis.fit:.1%} fit;"
        f" {diagnosis.customers:,} customers" + (f"; {kinds}" if kinds else ""),
    ]
    table = _table("finding", "count", "share", "", "example", right=frozenset({"count", "share"}))
    for finding in diagnosis.findings:
        _add(
            table,
            f"{finding.severity}: {finding.code}",
            f"{finding.count:,}" if finding.count else "",
            f"{finding.share:.1%}" if finding.count else "",
            finding.message,
            _short(finding.example),
        )
    return Group(Text(tidy("\n".join(lines))), table)


def figures_table(rows: "Sequence[Mapping[str, Any]]") -> RenderableType:
    """Return rows of names and figures as a table; figures stand at the right."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    numbers = frozenset(
        name for name in names if all(isinstance(row.get(name), float | int) for row in rows)
    )
    table = _table(*(name.replace("_", " ") for name in names))
    for column, name in zip(table.columns, names, strict=True):
        column.justify = "right" if name in numbers else "left"
    for row in rows:
        _add(table, *(_figure(row.get(name, "")) for name in names))
    return table


def _figure(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _table(*columns: str, right: frozenset[str] = frozenset()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _short(example: str) -> str:
    """Return an example that begins with a long path as one that begins with the file's name."""
    return example.rsplit("/", 1)[1] if example.startswith("/") else example


def _add(table: Table, *cells: str) -> None:
    """Add a row in which nothing is markup or a control character."""
    table.add_row(*(Text(tidy(cell)) for cell in cells))
