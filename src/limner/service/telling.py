"""A profile as JSON: what was written when it was drawn, put together and kept for a while."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, final

import orjson

from limner.profiles.counters import Counters
from limner.profiles.live import LiveStore, Page, State

__all__ = ["Teller", "Told", "written"]

_KEPT = 4_096
"""So many answers are kept ready; a profile is about 10 kB."""


class Told(NamedTuple):
    """A profile as it is sent, and what tells it from its older selves."""

    tag: str
    body: bytes
    stale: bool


@final
class Teller:
    """Tells profiles; what did not change since it was told last is not put together again.

    Parameters
    ----------
    store
        Where they are.
    clock
        Tells the present, in UTC.
    degraded
        Tells what the service does without at the moment.
    """

    def __init__(
        self,
        store: LiveStore,
        *,
        clock: Callable[[], datetime],
        degraded: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.store, self.clock, self.degraded = store, clock, degraded
        self._kept: OrderedDict[str, tuple[str, bytes, bool]] = OrderedDict()

    def tag(self, of: State | Page, now: datetime) -> str:
        """Return what tells one state of a profile from another: an ``ETag``."""
        weak = "-".join(self.degraded())
        return f'"{of.seq}-{of.drawn}-{of.drawings}-{now:%Y%m%d}{weak}"'

    def tell(self, customer_id: str, state: State) -> Told:
        """Return a profile, of which it is known in which state it is. Raises UnknownCustomer."""
        now = self.clock()
        tag = self.tag(state, now)
        kept = self._kept.get(customer_id)
        if kept is None or kept[0] != tag:
            page = self.store.page(customer_id)
            # what came between the two looks is in the page, so the tag is the page's
            tag = self.tag(page, now)
            kept = (tag, _rest(page, now, self.degraded()), page.stale)
            self._kept[customer_id] = kept
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return Told(kept[0], _head(now) + kept[1], kept[2])


def written(page: Page, now: datetime, *, degraded: Sequence[str]) -> bytes:
    """Return a profile as JSON; the portrait was written when it was drawn, and is only put in."""
    return _head(now) + _rest(page, now, degraded)


def _head(now: datetime) -> bytes:
    return b'{"as_of":"' + now.isoformat().replace("+00:00", "Z").encode() + b'",'


def _rest(page: Page, now: datetime, degraded: Sequence[str]) -> bytes:
    changed = page.changed_us
    plain = orjson.dumps(
        {
            "customer_id": page.customer_id,
            "identities": list(page.identities),
            "live": Counters.from_json(page.counters).told(now),
            "freshness": {
                "token": str(page.seq),
                "changed_at": datetime.fromtimestamp(changed / 1e6, UTC) if changed else None,
                "stale": page.stale,
            },
            "degraded": list(degraded),
        },
        option=orjson.OPT_UTC_Z,
    )
    portrait = b"null" if page.portrait is None else page.portrait.encode()
    return plain[1:-1] + b',"portrait":' + portrait + b"}"
