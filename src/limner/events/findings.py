"""What a doctor can find: a stable code, how grave it is, and a sentence that says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

__all__ = ["MESSAGES", "Finding", "Severity", "sorted_findings"]

Severity: TypeAlias = Literal["error", "warning", "note"]
"""``error``: it cannot be used so; ``warning``: rows are lost or doubtful; ``note``: so it is."""

_GRAVEST: tuple[Severity, ...] = ("error", "warning", "note")

MESSAGES: dict[str, tuple[Severity, str]] = {
    "bad_encoding": ("warning", "rows hold bytes that the encoding does not have"),
    "bot_like": ("warning", "customers act faster than people do"),
    "broken_json": ("warning", "lines are no JSON objects"),
    "broken_row": ("warning", "rows have too many or too few fields"),
    "cannot_be_read": ("error", "the source cannot be read as it is mapped"),
    "column_empty": ("warning", "a column that is mapped holds nothing in the rows looked at"),
    "column_like_id": ("note", "a column has another value in nearly every row, like an id"),
    "column_like_noise": ("note", "a column is spread evenly over its range, like noise"),
    "column_tells_nothing": (
        "note",
        "a column goes with nothing else, as if its values were drawn at random",
    ),
    "column_missing": ("error", "a column that is mapped is not there"),
    "currency_missing": (
        "warning",
        'prices have no currency: if it is always the same, constants.currency = "…"',
    ),
    "customer_missing": ("warning", "the customer is missing, so nobody did it"),
    "customer_too_long": ("warning", "the customer's id is longer than an id can be"),
    "customers_all_new": ("warning", "nearly every row is of another customer: is it an order id?"),
    "kind_missing": ("warning", "rows do not say what happened"),
    "kind_unknown": ("note", "kinds of the shop's own; name them in kinds if we have a word"),
    "no_customer_id_column": ("error", 'no column says who: columns.customer_id = "…"'),
    "no_events": ("warning", "no column says when, so rows only tell of customers or items"),
    "no_kind_column": ("error", 'no column says what: constants.kind = "purchase"'),
    "no_rows": ("error", "there are no rows"),
    "no_time_column": ("error", 'no column says when: columns.time = "…"'),
    "nothing_fits": ("error", "no row can be used so"),
    "price_impossible": ("warning", "prices are negative or no number"),
    "price_is_text": ("warning", "prices are text with more than a number in it"),
    "price_unreadable": ("warning", 'prices cannot be read: casts.price = "decimal"'),
    "quantity_impossible": (
        "warning",
        "quantities are too large, or negative where nothing comes back",
    ),
    "repeated_id": ("warning", "an event id comes again; only the first is kept"),
    "repeated_row": ("warning", "rows equal another in every column; only one is kept"),
    "sampled": ("note", "the source is longer: these are its first rows"),
    "time_ambiguous": ("warning", "times can be read two ways: options.day_first = true or false"),
    "time_in_future": ("warning", "times lie in the future"),
    "time_missing": ("warning", "the time is missing"),
    "time_too_early": ("warning", "times lie before any plausible one"),
    "time_unreadable": ("warning", "times cannot be read: options.time_format"),
    "times_mixed": ("warning", "times are written in several ways"),
    "zone_assumed": (
        "note",
        "times have no zone: the shop's is taken, or options.time_zone",
    ),
    "zones_mixed": ("warning", "some times have a zone and others none, or another"),
}
"""For each code how grave it is, and what it means. Codes of cleaning that are not here are notes
that say themselves."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing."""

    code: str
    """A word that stays the same from version to version."""
    severity: Severity
    message: str
    count: int
    """How many rows, columns or customers."""
    share: float
    """The share of the examined rows, in [0, 1]."""
    example: str
    """The first case, or an empty text."""

    @classmethod
    def of(
        cls,
        code: str,
        count: int,
        rows: int,
        *,
        example: str = "",
        severity: Severity | None = None,
        message: str = "",
    ) -> Self:
        """Return the finding of a code, with what is known about such."""
        known = MESSAGES.get(code, ("note", code.replace("_", " ")))
        share = round(min(1.0, count / rows), 6) if rows else 0.0
        return cls(code, severity or known[0], message or known[1], count, share, example)

    def __str__(self) -> str:
        """Return the finding in one line."""
        rows = f", {self.count:,} rows ({self.share:.2%})" if self.count else ""
        example = f"; for instance {self.example}" if self.example else ""
        return f"{self.severity} {self.code}{rows}: {self.message}{example}"


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the gravest first, and the commonest first among equals."""
    return tuple(sorted(findings, key=lambda each: (_GRAVEST.index(each.severity), -each.count)))
