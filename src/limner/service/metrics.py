"""What Prometheus reads: counts and times of this process or of all, without anybody's data."""

import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from limner.service.crew import Place

__all__ = ["Metrics"]

_OF_THE_STORE = "limner_portraits_stale"
"""What is the same whichever process is asked."""
_OF_THE_LIVING = "limner_events_waiting"
"""What a process that is gone has no more."""


@final
class Metrics:
    """The figures of one application; where it is one process of several, those of all.

    Each process writes its figures into a file of its own, and whoever is asked adds them up. What
    a process that died had counted stays counted.

    Parameters
    ----------
    place
        Which process of how many; none: the only one.
    """

    def __init__(self, place: Place | None = None) -> None:
        self.registry = CollectorRegistry()
        self.place = place
        self._sharing = threading.Lock()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"limner_{name}", about, labels, registry=self.registry)

        def gauge(name: str, about: str) -> Gauge:
            return Gauge(f"limner_{name}", about, registry=self.registry)

        self.accepted = counter("events_accepted", "Events that were stored.")
        self.duplicates = counter("events_duplicate", "Events that were there already.")
        self.rejected = counter("events_rejected", "Events that were refused, by reason.", "reason")
        self.waiting = gauge("events_waiting", "Events that wait to be written.")
        self.stale = gauge("portraits_stale", "Portraits older than the customer's newest event.")
        self.drawn = gauge("portraits_drawn", "Portraits drawn since the start.")
        self.undrawable = gauge(
            "portraits_undrawable", "Customers who cannot be drawn until they change."
        )
        self.failures = gauge("renewal_failures", "How often drawing portraits failed.")
        self.streams = gauge("streams_open", "Streams of server-sent events that are open.")
        self.seconds = Histogram(
            "limner_ingest_seconds",
            "From a body to its acknowledgement.",
            registry=self.registry,
        )
        if place is not None:
            place.figures.mkdir(parents=True, exist_ok=True)
            for left in place.figures.glob(f"{place.number}-*.now"):
                left.replace(left.with_suffix(".past"))

    def share(self) -> None:
        """Write the figures down for the other processes."""
        if self.place is not None:
            own = self._own(self.place)
            part = own.with_suffix(".part")
            with self._sharing:  # whoever is asked does it, and a thread does it now and then
                part.write_bytes(generate_latest(self.registry))
                part.replace(own)

    def text(self) -> bytes:
        """Return them as Prometheus reads them."""
        if self.place is None:
            return generate_latest(self.registry)
        self.share()
        whole = CollectorRegistry()
        whole.register(_Summed(self._own(self.place), self.place.figures))
        return generate_latest(whole)

    @staticmethod
    def _own(place: Place) -> Path:
        return place.figures / f"{place.number}-{os.getpid()}.now"


class _Summed(Collector):
    """The figures of several processes, added up."""

    def __init__(self, own: Path, folder: Path) -> None:
        self._own, self._folder = own, folder

    def collect(self) -> Iterable[Metric]:
        """Return every figure once."""
        families: dict[str, Metric] = {}
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for path, text in self._files():
            for family in text_string_to_metric_families(text):
                if not self._counts(path, family.name):
                    continue
                families.setdefault(family.name, family)
                known = sums.setdefault(family.name, {})
                for each in family.samples:
                    mark = (each.name, tuple(sorted(each.labels.items())))
                    if each.name.endswith("_created"):  # a moment: since the first of them
                        known[mark] = min(known.get(mark, each.value), each.value)
                    else:
                        known[mark] = known.get(mark, 0.0) + each.value
        for name, family in families.items():
            family.samples = [
                Sample(sample, dict(labels), value)
                for (sample, labels), value in sums[name].items()
            ]
            yield family

    def _files(self) -> Iterator[tuple[Path, str]]:
        for path in sorted(self._folder.iterdir()):
            if path.suffix in {".now", ".past"}:
                try:
                    yield path, path.read_text(encoding="utf-8")
                except FileNotFoundError:  # its process began anew this very moment
                    past = path.with_suffix(".past")
                    if path.suffix == ".now" and past.is_file():
                        yield past, past.read_text(encoding="utf-8")

    def _counts(self, path: Path, name: str) -> bool:
        if name == _OF_THE_STORE:
            return path == self._own
        return name != _OF_THE_LIVING or path.suffix == ".now"
