"""What happened: one event, the bucketed log, readers, cleaning and its account."""

from importlib import import_module
from typing import Any

_HOMES = {
    "ATTRIBUTES_SCHEMA": "event",
    "CATALOGUE_SCHEMA": "event",
    "CATEGORY_SEPARATOR": "event",
    "EVENT_SCHEMA": "event",
    "KINDS": "event",
    "Cleaned": "cleaning",
    "CleaningConfig": "cleaning",
    "Event": "event",
    "EventLog": "log",
    "IngestReport": "ingest",
    "Manifest": "manifest",
    "Mapping": "mapping",
    "Note": "cleaning",
    "Progress": "ingest",
    "Quality": "quality",
    "RawBatch": "source",
    "Reader": "source",
    "amount": "event",
    "clean": "cleaning",
    "examine": "doctor",
    "open_source": "source",
    "quality_of": "quality",
    "read_mapping": "mapping",
    "write_mapping": "mapping",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a room's face may hand out anything
    """Import a public name at its first use, so that looking into the room stays light."""
    if name not in _HOMES:
        raise AttributeError(f"limner.events has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"limner.events.{_HOMES[name]}"), name)
