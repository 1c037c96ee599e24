"""Refused rows are read once more: what is understood now is stored, and refused no longer."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from limner.events.refusals import nothing_refused
from limner.profiles.live import LiveStore, Rejected
from limner.service.reading import Rules, read_deliveries
from limner.service.unwrapping import Unwrapper
from limner.service.wire import Delivery

__all__ = ["Replay", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of refused rows: how many were taken, and how many events were new.

    ``refused`` are the rows that stay; ``cursor`` is the number of the last row that was looked
    at, none if there was no more.
    """

    taken: int
    accepted: int
    duplicates: int
    refused: int
    cursor: int | None


def replay(
    store: LiveStore,
    unwrapper: Unwrapper,
    rules: Rules,
    *,
    now: datetime,
    after: int = 0,
    limit: int = 1_000,
) -> Replay:
    """Send refused rows again through the intake that they came from, in one transaction.

    A row in which nothing is wrong any more is removed. One that is still refused stays as it is;
    whatever else it tells is stored, and, however often it is replayed, once: what names no time
    happened when the row first came.

    Parameters
    ----------
    store
        Where they are kept.
    unwrapper
        Who takes them apart.
    rules, now
        As for :func:`~limner.service.reading.read_deliveries`.
    after, limit
        From which row on, and how many at most.

    Raises
    ------
    Overtaken
        If somebody else replays the same rows; nothing is changed.
    """
    rows = store.rejects(after=after, limit=limit)
    cursor = rows[-1].no if len(rows) == limit else None
    deliveries = [_delivery(row, unwrapper) for row in rows]
    read = read_deliveries(deliveries, rules, now=now)
    bad = {at for at, each in enumerate(deliveries) if each.refused}
    lines = read.arrival.refused["line"].drop_nulls()
    bad |= {read.origin[line - 1][0] for line in lines.to_list()}
    taken = [row.no for at, row in enumerate(rows) if at not in bad]
    receipt = store.accept(
        replace(read.arrival, refused=nothing_refused()),
        received_us=round(now.timestamp() * 1e6),
        replayed=taken,
    )
    return Replay(len(taken), receipt.accepted, len(receipt.duplicates), len(bad), cursor)


def _delivery(row: Rejected, unwrapper: Unwrapper) -> Delivery:
    """Take a row apart in the form in which it was kept."""
    form = row.source.rpartition(" as ")[2]
    sent = datetime.fromtimestamp(row.received_us / 1e6, UTC)
    return unwrapper.unwrap(row.row.encode("utf-8", "replace"), unwrapper.known(form), sent=sent)
