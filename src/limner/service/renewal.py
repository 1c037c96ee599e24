"""One thread draws what became stale; what is too dear now is put off, marked, and never lost."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import final

import structlog

from limner.profiles.live import LiveStore, Stale
from limner.service.quiet import place_of
from limner.service.settings import ServeConfig
from limner.service.studio import Draws
from limner.service.tracing import Traces

__all__ = ["Renewer"]

_PUT_OFF_S = 5.0
"""So long portraits wait at most while events come faster than they are written."""
_LOST = 5
"""Where the first so many cannot be drawn one by one either, it is not because of them."""
_SPARING = 10
"""Comparing anew takes at most one part in so many of the time."""


@final
class Renewer:
    """Draws stale portraits anew, those that wait longest first.

    Parameters
    ----------
    store, painter
        Where portraits are, and who draws them: here, or in another process.
    config
        How many at a time, and how long to rest.
    clock
        Tells the present, in UTC.
    busy
        Tells whether events wait to be written; portraits are then put off, but not for ever.
    leads
        Whether this process is the one that draws, of several over one store; none: it is alone.
    here
        Who draws in this process, where the one that leads has others do so.
    traces
        Who traces the drawing.
    """

    def __init__(
        self,
        store: LiveStore,
        painter: Draws,
        *,
        config: ServeConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        busy: Callable[[], bool] = lambda: False,
        leads: Callable[[], bool] | None = None,
        here: Draws | None = None,
        traces: Traces | None = None,
    ) -> None:
        self.store, self.painter, self.config, self.clock = store, painter, config, clock
        self.busy, self.leads, self.here = busy, leads, here
        self.traces = traces or Traces()
        self.failures = 0
        self.failing = False
        self.drawn = 0
        self._compared = self._lasted = 0.0
        self._rested = 0.0
        self._size = 0
        self._hopeless: dict[str, int] = {}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-renewer", daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something came."""
        self._wake.set()

    def close(self) -> None:
        """Finish the portraits at hand, then stop; closing twice is fine."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def draw(self, wanted: Sequence[Stale]) -> int:
        """Draw some customers at once; return how many were. Who does not lead draws them here."""
        leads = self.leads is None or self.leads()
        painter = self.painter if leads or self.here is None else self.here
        return painter.renew(wanted, now=self.clock())

    def once(self) -> int:
        """Draw as many as are drawn at a time; return how many were."""
        now = self.clock()
        self._compare(now)
        most = self.config.renew_customers
        asked = self.store.stale(limit=most + len(self._hopeless))
        self._forget(asked, whole=len(asked) < most + len(self._hopeless))
        stale = [each for each in asked if self._hopeless.get(each.customer_id) != each.seq][:most]
        if not stale:
            return 0
        with self.traces.span("limner.draw") as note:
            written = self._draw(stale, now)
            note({"limner.customers": len(stale), "limner.portraits": written})
        self.drawn += written
        return written

    @property
    def undrawable(self) -> int:
        """How many customers cannot be drawn, and wait until something new is known of them."""
        return len(self._hopeless)

    def _forget(self, asked: Sequence[Stale], *, whole: bool) -> None:
        """Forget of whom nothing could be drawn as soon as they changed, or are gone."""
        if self._hopeless:
            now = {each.customer_id: each.seq for each in asked}
            self._hopeless = {
                who: seq
                for who, seq in self._hopeless.items()
                if now.get(who, None if whole else seq) == seq
            }

    def _draw(self, stale: Sequence[Stale], now: datetime) -> int:
        """Draw some; where one cannot be drawn the others are, and it waits until it changes.

        What fails for everybody is nobody's fault, and is tried again with all.
        """
        try:
            return self.painter.renew(stale, now=now)
        except Exception:
            if len(stale) == 1:
                raise
            written, lost = 0, dict[str, int]()
            for place, each in enumerate(stale):
                try:
                    written += self.painter.renew([each], now=now)
                except Exception as error:
                    lost[each.customer_id] = each.seq
                    if len(lost) == _LOST and place + 1 == _LOST:
                        raise
                    place_told = place_of(error)
            if len(lost) == len(stale):
                raise
            if lost:
                structlog.get_logger("limner.renewal").warning(
                    "some customers cannot be drawn until they change",
                    customers=len(lost),
                    trouble=place_told,
                )
            self._hopeless |= lost
            return written

    def _compare(self, now: datetime) -> None:
        """Compare customers with the shop as a whole anew, when it is time or the shop has grown.

        A shop that doubled is another: everybody is drawn anew. That is once an event in the mean.
        """
        waited = time.monotonic() - self._compared
        size = self.painter.size()
        grown = size > 2 * self._size
        known = self._compared > 0
        if known and not grown and waited < self.config.references_seconds:
            return
        if known and self._lasted * _SPARING > waited:
            return
        began = time.monotonic()
        self.painter.seed()
        self.painter.refresh(now)
        self.painter.renew_model()
        if grown and known:
            self.store.mark_all_stale()
        self._compared, self._size = time.monotonic(), size
        self._lasted = self._compared - began

    def _run(self) -> None:
        log = structlog.get_logger("limner.renewal")
        rest = self.config.renew_seconds
        while not self._stop.is_set():
            if self.leads is not None and not self.leads():
                self._stop.wait(self.config.renew_seconds)
                continue
            if self.busy() and time.monotonic() - self._rested < _PUT_OFF_S:
                self._stop.wait(self.config.renew_seconds)
                continue
            self._rested = time.monotonic()
            try:
                done = self.once()
                rest, self.failing = self.config.renew_seconds, False
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self.failures += 1
                self.failing = True
                done, rest = 0, min(30.0, rest * 2)
                log.warning(
                    "portraits could not be drawn", trouble=place_of(error), again_in_s=rest
                )
            if not done:
                # what comes in elsewhere wakes nobody here
                self._wake.wait(rest if self.failing or self.leads is not None else 5 * rest)
            self._wake.clear()
