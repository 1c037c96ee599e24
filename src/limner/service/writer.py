"""One thread writes for all requests: what waits together is written in one transaction."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, final

from limner.errors import BadStore, DiskFull
from limner.events.suppression import ERASED
from limner.profiles.live import LiveStore, Receipt
from limner.service.reading import Rules, read_deliveries
from limner.service.settings import ServeConfig
from limner.service.tracing import Traces
from limner.service.wire import Delivery

__all__ = ["Busy", "Outcome", "Writer"]


_AGAIN_S = 1.0
"""So often a store that could not be written is tried again."""
_TRIED = "tried"
"""Under this name the store keeps when that was last done."""


class Busy(RuntimeError):
    """More waits to be written than may; whoever sends comes again later."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery, once it was durable.

    ``rejected`` are the events of the body that were refused: their places, and why.
    """

    token: int
    accepted: int
    duplicates: int
    rejected: tuple[tuple[int, str, str], ...]


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    future: "Future[Outcome]" = field(default_factory=Future)
    asked_in: Any = None
    """The span of the request that brought it."""


@final
class Writer:
    """Writes deliveries in the order in which they came, many in one transaction under load.

    Parameters
    ----------
    store
        Where to.
    rules
        By what rules events are read.
    config
        How much may wait, and be written at once.
    clock
        Tells the present, in UTC.
    told
        Is told of every transaction.
    traces
        Who traces the transactions; each is linked to the requests that it is for.

    Attributes
    ----------
    failing
        Whether the store could not be written when that was last tried. Whoever sent what was not
        written is told so, and none of it is stored.
    """

    def __init__(
        self,
        store: LiveStore,
        rules: Rules,
        *,
        config: ServeConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        told: Callable[[Receipt], None] = lambda _: None,
        traces: Traces | None = None,
    ) -> None:
        self.store, self.rules, self.config = store, rules, config
        self.clock, self.told = clock, told
        self.traces = traces or Traces()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = False
        self.failing = False
        self._thread = threading.Thread(target=self._run, name="limner-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return self._waiting

    def submit(self, delivery: Delivery) -> "Future[Outcome]":
        """Give a delivery to be written; the future is done once it is durable.

        Raises
        ------
        Busy
            If too much waits, or the writer was closed.
        """
        waiting = _Waiting(delivery, asked_in=self.traces.here())
        with self._lock:
            if self._closed:
                raise Busy("the service is closing")
            if self._waiting and self._waiting + len(delivery) > self.config.waiting_events:
                raise Busy(f"{self._waiting} events wait to be written")
            self._waiting += len(delivery)
            self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Write what waits, then stop; closing twice is fine."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            batch: list[_Waiting] = []
            events = 0
            try:
                one = self._queue.get(timeout=_AGAIN_S if self.failing else None)
            except queue.Empty:
                self._try()
                continue
            while one is not None:
                batch.append(one)
                events += len(one.delivery)
                if events >= self.config.batch_events or self._queue.empty():
                    break
                one = self._queue.get()
            going = one is not None
            if batch:
                self._write(batch)
                with self._lock:
                    self._waiting -= events

    def _write(self, batch: list[_Waiting]) -> None:
        """Write deliveries together; where that fails, each alone, so that one harms no other."""
        try:
            with self.traces.span("limner.write", [one.asked_in for one in batch]) as note:
                outcomes = self._together([one.delivery for one in batch])
                note(_sums(outcomes))
            self.failing = False
        except (BadStore, DiskFull) as error:
            self.failing = True
            for one in batch:
                one.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, each sender is answered
            if len(batch) == 1:
                batch[0].future.set_exception(error)
            else:
                for one in batch:
                    self._write([one])
        else:
            for one, outcome in zip(batch, outcomes, strict=True):
                one.future.set_result(outcome)

    def _try(self) -> None:
        """See whether the store can be written again, though nobody sends anything."""
        try:
            self.store.remember(_TRIED, self.clock().isoformat())
            self.failing = False
        except (BadStore, DiskFull):
            pass

    def _together(self, deliveries: list[Delivery]) -> list[Outcome]:
        now = self.clock()
        read = read_deliveries(deliveries, self.rules, now=now)
        receipt = self.store.accept(read.arrival, received_us=round(now.timestamp() * 1e6))
        self.told(receipt)
        lines: list[list[int]] = [[] for _ in deliveries]
        for line in read.arrival.events["_line"].to_list():
            lines[read.origin[line - 1][0]].append(line)
        again = [0] * len(deliveries)
        for line in receipt.duplicates:
            again[read.origin[line - 1][0]] += 1
        gone = [0] * len(deliveries)
        rejected: list[list[tuple[int, str, str]]] = [
            [(each.place, each.reason, each.detail) for each in one.refused] for one in deliveries
        ]
        for reason, detail, line in read.arrival.refused.select(
            "reason", "detail", "line"
        ).iter_rows():
            if line is not None:
                at, place = read.origin[line - 1]
                rejected[at].append((place, reason, detail or ""))
        for line in receipt.erased:
            at, place = read.origin[line - 1]
            gone[at] += 1
            rejected[at].append((place, ERASED, "the customer was erased"))
        return [
            Outcome(
                receipt.token,
                accepted=len(own) - twice - lost,
                duplicates=twice,
                rejected=tuple(sorted(bad)),
            )
            for own, twice, lost, bad in zip(lines, again, gone, rejected, strict=True)
        ]


def _sums(outcomes: list[Outcome]) -> dict[str, int]:
    """Return what is said of a transaction where it is traced."""
    return {
        "limner.bodies": len(outcomes),
        "limner.accepted": sum(each.accepted for each in outcomes),
        "limner.duplicates": sum(each.duplicates for each in outcomes),
        "limner.refused": sum(len(each.rejected) for each in outcomes),
    }
