"""What Prometheus reads: counts and times of this process, without anybody's data."""

from typing import final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]


@final
class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

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
        self.failures = gauge("renewal_failures", "How often drawing portraits failed.")
        self.seconds = Histogram(
            "limner_ingest_seconds",
            "From a body to its acknowledgement.",
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return them as Prometheus reads them."""
        return generate_latest(self.registry)
