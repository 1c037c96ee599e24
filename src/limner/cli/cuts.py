"""Moments that a shop's log reaches, told in its own time zone."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from limner.cli.settings import moment
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.events.manifest import Manifest

__all__ = ["Cut", "cut_within", "day_of", "end_of"]

Cut = str | date | datetime


def end_of(manifest: "Manifest", *, time_zone: str) -> datetime:
    """Return the first midnight, in a time zone, after the newest event; in UTC.

    Raises
    ------
    TooFew
        If the log is empty.
    """
    if manifest.last is None:
        raise TooFew("the log holds no events", hint="ingest a file that does: limner ingest")
    local = manifest.last.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=1)
    return moment(local, time_zone=time_zone)


def day_of(at: datetime, shop: "Workspace") -> str:
    """Return the day of a moment in the shop's time zone, as cuts are named."""
    return f"{at.astimezone(ZoneInfo(shop.settings.shop.time_zone)):%Y-%m-%d}"


def cut_within(cut: Cut | None, manifest: "Manifest", *, time_zone: str) -> datetime:
    """Return the moment of a cut, in UTC; none: the end of the log.

    Raises
    ------
    BadConfig
        If no event lies before it, or it lies after the end of the log.
    TooFew
        If the log is empty.
    """
    end = end_of(manifest, time_zone=time_zone)
    if cut is None:
        return end
    at = moment(cut, time_zone=time_zone)
    if at > end or (manifest.first is not None and at <= manifest.first):
        zone = ZoneInfo(time_zone)
        first = (manifest.first or end).astimezone(zone)
        raise BadConfig(
            f"the cut must lie within the log, after {first:%Y-%m-%d} and up to "
            f"{end.astimezone(zone):%Y-%m-%d}, got {cut}",
            hint="leave the cut out to take the end of the log",
        )
    return at
