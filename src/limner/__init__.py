"""From a shop's raw events to a living profile of every customer."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Describer": "limner.heads.describer",
    "Description": "limner.heads.description",
    "Diagnosis": "limner.events.doctor",
    "Event": "limner.events.event",
    "EventLog": "limner.events.log",
    "IngestReport": "limner.events.ingest",
    "LimnerError": "limner.errors",
    "Mapping": "limner.events.mapping",
    "Profile": "limner.profiles.record",
    "Question": "limner.heads.question",
    "Recommendation": "limner.profiles.record",
    "Scoreboard": "limner.training.scoreboard",
    "Workspace": "limner.cli.workspace",
    "examine": "limner.events.doctor",
    "read_mapping": "limner.events.mapping",
    "write_mapping": "limner.events.mapping",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table is the list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's face may hand out anything
    """Import a public name at its first use, so that ``import limner`` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"limner has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, also those that nobody has used yet."""
    return [*__all__, "__version__"]
