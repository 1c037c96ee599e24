"""Refused rows are read once more: what is understood now is stored, and refused no longer."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from limner.events.cleaning import CleaningConfig
from limner.events.mapping import Mapping
from limner.profiles.live import LiveStore, Receipt, Rejected
from limner.service.reading import Read, read_deliveries
from limner.service.unwrapping import Unwrapper
from limner.service.wire import Delivery

__all__ = ["Replay", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of refused rows: how many were taken, and how many events were new.

    ``refused`` are those that stay; ``cursor`` is the number of the last row that was looked at,
    none if there was no more.
    """

    taken: int
    accepted: int
    duplicates: int
    refused: int
    cursor: int | None
    receipt: Receipt | None


def replay(
    store: LiveStore,
    unwrapper: Unwrapper,
    *,
    cleaning: CleaningConfig,
    mapping: Mapping,
    now: datetime,
    currency: str | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> Replay:
    """Send refused rows again through the intake that they came from, in one transaction.

    A row of which nothing is understood now either stays as it is. One that is understood is
    removed; what is still wrong with a part of it is kept as a refused row of its own.

    Parameters
    ----------
    store
        Where they are kept.
    unwrapper
        Who takes them apart.
    cleaning, mapping, now, currency
        As for :func:`~limner.service.reading.read_deliveries`.
    after, limit
        From which row on, and how many at most.

    Raises
    ------
    Overtaken
        If somebody else replays the same rows; nothing is changed.
    """
    rows = store.rejects(after=after, limit=limit)
    deliveries = [_delivery(row, unwrapper) for row in rows]
    read = read_deliveries(
        deliveries, cleaning=cleaning, mapping=mapping, now=now, currency=currency
    )
    bad = _refused_by_row(read, deliveries)
    good = {read.origin[line - 1][0] for line in read.arrival.events["_line"].to_list()}
    taken = [at for at in range(len(rows)) if at in good or not bad[at]]
    cursor = rows[-1].no if len(rows) == limit else None
    stay = len(rows) - len(taken)
    if not taken:
        return Replay(0, 0, 0, stay, cursor, None)
    again = [place for at in taken for place in bad[at]]
    arrival = replace(read.arrival, refused=read.arrival.refused[again])
    receipt = store.accept(
        arrival,
        received_us=round(now.timestamp() * 1e6),
        replayed=[rows[at].no for at in taken],
    )
    return Replay(
        len(taken), receipt.accepted, len(receipt.duplicates), stay + len(again), cursor, receipt
    )


def _delivery(row: Rejected, unwrapper: Unwrapper) -> Delivery:
    """Take a row apart in the form in which it was kept."""
    form = row.source.rpartition(" as ")[2]
    sent = datetime.fromtimestamp(row.received_us / 1e6, UTC)
    return unwrapper.unwrap(row.row.encode("utf-8", "replace"), unwrapper.known(form), sent=sent)


def _refused_by_row(read: Read, deliveries: list[Delivery]) -> list[list[int]]:
    """Return of each row which of the refused are its own, by their places in the arrival."""
    found: list[list[int]] = [[] for _ in deliveries]
    lines = read.arrival.refused.select(pl.col("line").cast(pl.Int64))["line"].to_list()
    early = iter([at for at, each in enumerate(deliveries) for _ in each.refused])
    for place, line in enumerate(lines):
        found[next(early) if line is None else read.origin[line - 1][0]].append(place)
    return found
