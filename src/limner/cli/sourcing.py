"""From what a shop names to what is read: each file, its reader and its mapping."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from limner.cli.progress import Tell
from limner.cli.settings import PEPPER, SETTINGS_NAME, SUPPRESSED, Settings
from limner.errors import BadConfig, NoWorkspace
from limner.events.mapping import Mapping, read_mapping
from limner.events.source import Reader, open_source

__all__ = [
    "choose_mappings",
    "cleaning_of",
    "ingest_into",
    "open_sources",
    "suppression_of",
    "was_erased",
    "with_currency",
]


if TYPE_CHECKING:
    from limner.events.cleaning import CleaningConfig
    from limner.events.ingest import IngestReport
    from limner.events.suppression import Suppression

Chosen = Path | str | Mapping | Sequence[Mapping] | None


def open_sources(
    folder: Path, settings: Settings, sources: Sequence[Any], mapping: Chosen
) -> list[tuple[Reader, Mapping, Any]]:
    """Return the reader and the mapping of each source.

    Parameters
    ----------
    folder, settings
        The workspace; its ``[[sources]]`` are taken where no source is given, and its currency
        where a source names none.
    sources
        Paths, patterns, folders, addresses or data frames.
    mapping
        How to read them: mappings, the file of some, or None to find out.

    Raises
    ------
    BadConfig
        If there is no source, or none of several mappings is for one.
    BadSource
        If no reader takes a source.
    """
    opened = []
    for source, chosen in choose_mappings(folder, settings, sources, mapping):
        reader, known = open_source(source, chosen)
        opened.append((reader, with_currency(known, settings.shop.currency), source))
    return opened


def choose_mappings(
    folder: Path, settings: Settings | None, sources: Sequence[Any], mapping: Chosen
) -> list[tuple[Any, Mapping | None]]:
    """Return each source with the mapping that is for it, or None where it is to be found out.

    Takes and raises what :func:`open_sources` does; without settings, there must be sources.
    """
    wanted: list[tuple[Any, list[Mapping]]] = []
    if sources:
        mappings = _mappings(mapping)
        wanted = [(source, mappings) for source in sources]
    elif settings is not None:
        for each in settings.sources:
            named = None if each.map is None else folder / each.map
            mappings = _mappings(mapping if mapping is not None else named)
            wanted += [(_at(folder, name), mappings) for name in each.files]
    if not wanted:
        raise BadConfig(
            "there is nothing to read", hint="name a file, or [[sources]] in limner.toml"
        )
    return [(source, _choose(source, mappings)) for source, mappings in wanted]


def _mappings(given: Chosen) -> list[Mapping]:
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [given]
    if isinstance(given, Path | str):
        return read_mapping(given)
    return list(given)


def _choose(source: object, mappings: Sequence[Mapping]) -> Mapping | None:
    """Return the mapping for a source: one that names it, or else one that is for any."""
    if not mappings:
        return None
    text = str(source) if isinstance(source, str | PurePath) else ""
    names = {text, PurePath(text).name}
    for mapping in mappings:
        if any(fnmatch(name, pattern) for name in names for pattern in mapping.files if text):
            return mapping
    for mapping in mappings:
        if not mapping.files or len(mappings) == 1:
            return mapping
    patterns = ", ".join(pattern for mapping in mappings for pattern in mapping.files)
    raise BadConfig(
        f"no mapping is for {text or 'a data frame'}; there are some for {patterns}",
        hint="add the name to the files of one of them",
    )


def _at(folder: Path, name: str) -> str:
    """Return a path of the settings as seen from here; an address or a published log stays."""
    if "://" in name or name.startswith("~"):
        return str(Path(name).expanduser()) if name.startswith("~") else name
    beside = folder / name
    is_there = beside.exists() or any(letter in name for letter in "*?[/\\.")
    return str(beside) if is_there else name


def with_currency(mapping: Mapping, currency: str | None) -> Mapping:
    """Return the mapping with the shop's currency, where the source names none."""
    if currency is None or not mapping.has_events:
        return mapping
    if "currency" in mapping.columns or "currency" in mapping.constants:
        return mapping
    return mapping.model_copy(update={"constants": {**mapping.constants, "currency": currency}})


def cleaning_of(settings: Settings) -> "CleaningConfig":
    """Return what counts as an event, with the shop's time zone unless told."""
    from limner.events.cleaning import CleaningConfig

    return CleaningConfig.read(
        {"time_zone": settings.shop.time_zone, **settings.cleaning},
        where=f"{SETTINGS_NAME} [cleaning]",
    )


def ingest_into(
    folder: Path,
    settings: Settings,
    sources: Sequence[Any],
    mapping: Chosen,
    *,
    now: datetime | None,
    progress: Tell,
) -> "IngestReport":
    """Read sources into the log of a workspace; see :meth:`Workspace.ingest`."""
    from limner.events.ingest import ingest
    from limner.events.log import EventLog

    opened = open_sources(folder, settings, sources, mapping)
    try:
        log = EventLog(folder / "log")
    except NoWorkspace:
        log = EventLog.create(folder / "log", buckets=settings.log.buckets)
    return ingest(
        log,
        opened,
        config=cleaning_of(settings),
        now=now or datetime.now(UTC),
        progress=lambda at: progress(f"{at.stage} {at.name}", at.share),
        suppression=suppression_of(folder),
    )


def suppression_of(folder: Path) -> "Suppression | None":
    """Return who was erased from a workspace, none if nobody was."""
    from limner.events.suppression import Suppression

    listed = folder / SUPPRESSED
    if not listed.is_file():
        return None
    from limner.service.keys import read_pepper

    return Suppression.read(listed, read_pepper(folder / PEPPER))


def was_erased(folder: Path) -> Callable[[str], bool]:
    """Return who tells whether somebody was erased by now; the list is read when it changes."""
    listed, seen = folder / SUPPRESSED, (0, 0)
    known: Suppression | None = None

    def tell(customer_id: str) -> bool:
        nonlocal known, seen
        try:
            state = listed.stat()
        except FileNotFoundError:
            return False
        if (state.st_mtime_ns, state.st_ino) != seen:
            seen, known = (state.st_mtime_ns, state.st_ino), suppression_of(folder)
        return known is not None and known.holds(customer_id)

    return tell
