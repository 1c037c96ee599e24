"""What a shop writes into ``limner.toml``, read and checked."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from limner.config import Config
from limner.errors import BadConfig, NoWorkspace

__all__ = [
    "PEPPER",
    "SETTINGS_NAME",
    "SUPPRESSED",
    "EngineSettings",
    "EvaluateSettings",
    "FitSettings",
    "LogSettings",
    "Settings",
    "Shop",
    "SourceSettings",
    "chosen",
    "moment",
    "nearest",
    "read_settings",
]

Asked = TypeVar("Asked")
PEPPER = "secrets/pepper"
"""Where, within a workspace, the secret lies with which keys and ids are hashed."""
SUPPRESSED = "suppressed.txt"
"""Where, within a workspace, the hashes of those who were erased stand."""
SETTINGS_NAME = "limner.toml"
"""The file that makes a folder a workspace."""

Group = TypeVar("Group", bound=Config)


class Shop(Config):
    """Whose log this is: the table ``[shop]``."""

    name: str = "my shop"
    """What people call it."""
    about: str = ""
    """Where the data come from and what they may be used for; stands beside every figure."""
    currency: str | None = Field(None, min_length=3, max_length=3)
    """The three letters of the currency of prices that name none (ISO 4217), for instance EUR."""
    time_zone: str = "UTC"
    """Where days begin and hours are counted: an IANA name, for instance Europe/Berlin."""

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone such as Europe/Berlin") from None
        return name


class SourceSettings(Config):
    """Where events come from: one table ``[[sources]]`` each, read by ``limner ingest``."""

    files: tuple[str, ...] = Field(min_length=1)
    """Files, patterns, folders, addresses of databases or names of published logs; a relative
    path starts at the workspace."""
    map: str | None = None
    """The mapping file for them, as ``limner doctor --write`` makes it; none: find out."""


class LogSettings(Config):
    """How the log is kept: the table ``[log]``."""

    buckets: int = Field(16, ge=1, le=4096)
    """Into how many buckets of customers a new log is cut; memory holds one bucket."""


class FitSettings(Config):
    """What is learned: the table ``[fit]``."""

    cut: date | datetime | None = None
    """As of when; only events before it are read. None: the day after the newest event."""
    category_steps: int = Field(2, ge=1)
    """Which step of the category path counts as the category."""
    method: Literal["automatic", "fused"] = "automatic"
    """What the heads read: what was counted, or also what models of behaviour learned, which takes
    about twice the time and needs ``limner[torch]``. How good each is: ``limner evaluate``."""
    folds: int = Field(2, ge=2)
    """How many behaviour models stand by for heads, each of which learned from all customers but
    its own share: whatever is said of a customer was learned without them."""


class EvaluateSettings(Config):
    """What is examined: the table ``[evaluate]``."""

    cuts: tuple[date | datetime, ...] = ()
    """The moments at which every question is put; none: one longest horizon before the end."""
    methods: tuple[str, ...] = ()
    """The methods to compare; none: all."""
    resamples: int = Field(1000, ge=100)
    """How often the customers are drawn anew for the intervals."""
    tried: tuple[str, ...] = ()
    """What was tried and what it gave, one paragraph each: it stands in every report."""


class TextSettings(Config):
    """Whether titles, searches and reviews are read: the table ``[text]``."""

    encoder: str = ""
    """The language model that reads them, as ``limner language models`` names it, or a folder;
    ``use-multilingual`` for English and Chinese in one space; empty: none does. Needs
    ``limner[language]``."""
    int8: bool = True
    """Whether it reads with 8 bits a weight: fast, nearly the same vectors. If not, in 16 bits
    where torch and the processor can, else in 32: the same vectors to a cosine of 0.9999."""
    block: dict[str, Any] = Field(default_factory=dict)
    """Settings of the block ``text``."""
    dim: int = Field(64, ge=1)
    """How many numbers `limner items` keeps of an item's words."""


class ImageSettings(Config):
    """Whether the items' pictures are looked at: the table ``[image]``."""

    encoder: str = ""
    """The vision model that looks at them, ``efficientnet-lite0`` or a folder; empty: none does.
    Needs ``limner[vision]``."""
    folder: str = "."
    """Where the files that the catalogue names lie, from the workspace on."""
    size: int | None = Field(None, ge=16)
    """To which side pictures are brought; none: as the model was made for."""
    dim: int = Field(64, ge=1)
    """How many numbers `limner items` keeps of an item's picture."""


class EngineSettings(Config):
    """Where the work runs: the table ``[engine]``."""

    workers: int = Field(1, ge=1)
    """How many processes learn, examine and draw profiles; 1: this one alone. With more, a script
    needs ``if __name__ == "__main__":``, and each holds the columns of all cuts in memory."""


@dataclass(frozen=True)
class Settings:
    """All of ``limner.toml``.

    ``cleaning``, ``questions``, ``profiles``, ``identity``, ``model``, ``pretrain``, ``finetune``,
    ``language``, ``vision``, ``serve`` and ``worker`` are checked by the rooms that they belong to.
    """

    shop: Shop
    sources: tuple[SourceSettings, ...]
    log: LogSettings
    fit: FitSettings
    evaluate: EvaluateSettings
    engine: EngineSettings
    text: TextSettings
    image: ImageSettings
    cleaning: Mapping[str, Any]
    questions: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Any]
    identity: Mapping[str, Any]
    model: Mapping[str, Any]
    pretrain: Mapping[str, Any]
    finetune: Mapping[str, Any]
    language: Mapping[str, Any]
    vision: Mapping[str, Any]
    serve: Mapping[str, Any]
    worker: Mapping[str, Any]


_GROUPS: dict[str, type[Config]] = {
    "shop": Shop,
    "log": LogSettings,
    "fit": FitSettings,
    "evaluate": EvaluateSettings,
    "engine": EngineSettings,
    "text": TextSettings,
    "image": ImageSettings,
}
_TABLES = (
    *_GROUPS,
    *(
        "sources",
        "cleaning",
        "questions",
        "profiles",
        "identity",
        "model",
        "pretrain",
        "finetune",
        "language",
        "vision",
        "serve",
        "worker",
    ),
)


def read_settings(path: Path) -> Settings:
    """Read a ``limner.toml``.

    Raises
    ------
    BadConfig
        If it is no TOML, a table or a setting is unknown, or a value is out of its range.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(
            f"{path} cannot be read: {error.strerror}", hint="see who may read it: ls -l"
        ) from None
    except UnicodeDecodeError as error:
        raise BadConfig(f"{path} must be UTF-8: {error.reason} at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(
            f"{path} must be TOML: {error}", hint="text stands in quotes, dates do not"
        ) from None
    for name, table in tables.items():
        if name not in _TABLES:
            raise BadConfig(f"{path}: [{name}] is not a table", hint=f"known: {', '.join(_TABLES)}")
        if name != "sources" and not isinstance(table, dict):
            raise BadConfig(
                f"{path}: {name} must be a table, got {table!r}", hint=f"begin it with [{name}]"
            )
    groups: dict[str, Any] = {
        name: kind.read(tables.get(name, {}), where=f"{path.name} [{name}]")
        for name, kind in _GROUPS.items()
    }
    questions = tables.get("questions", {})
    for name, table in questions.items():
        if not isinstance(table, dict):
            raise BadConfig(
                f"{path.name} [questions]: {name} must be a table, got {table!r}",
                hint=f"begin it with [questions.{name}]",
            )
    return Settings(
        **groups,
        sources=_sources(path, tables.get("sources", [])),
        cleaning=tables.get("cleaning", {}),
        questions=questions,
        profiles=tables.get("profiles", {}),
        identity=tables.get("identity", {}),
        model=tables.get("model", {}),
        pretrain=tables.get("pretrain", {}),
        finetune=tables.get("finetune", {}),
        language=tables.get("language", {}),
        vision=tables.get("vision", {}),
        serve=tables.get("serve", {}),
        worker=tables.get("worker", {}),
    )


def _sources(path: Path, tables: object) -> tuple[SourceSettings, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadConfig(
            f"{path}: sources must be a list of tables", hint="begin each with [[sources]]"
        )
    return tuple(
        SourceSettings.read(table, where=f"{path.name} [[sources]] {at}")
        for at, table in enumerate(tables, 1)
    )


def chosen(known: Mapping[str, Asked], names: Sequence[str]) -> dict[str, Asked]:
    """Return the questions of these names; none: all.

    Raises
    ------
    BadConfig
        If one is unknown; the hint offers the nearest.
    """
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise BadConfig(
                f"{SETTINGS_NAME} asks no question {name!r}; it asks {', '.join(known)}",
                hint=f"did you mean {close[0]!r}?" if close else f"add [questions.{name}]",
            )
    return {name: each for name, each in known.items() if not names or name in names}


def nearest(start: Path) -> Path:
    """Return the nearest folder that is a workspace, from ``start`` upwards.

    Raises
    ------
    NoWorkspace
        If there is none.
    """
    for folder in (start, *start.parents):
        if (folder / SETTINGS_NAME).is_file():
            return folder
    raise NoWorkspace(
        f"there is no {SETTINGS_NAME} in {start} or above",
        hint="make a workspace here: limner init; or say where it is: --workspace DIR",
    )


def moment(given: str | date | datetime, *, time_zone: str = "UTC") -> datetime:
    """Return the moment that a date or time means, in UTC; a date means its first instant.

    Parameters
    ----------
    given
        A date, a time, or the ISO text of one.
    time_zone
        In which zone it is meant, if it does not say so itself.

    Raises
    ------
    BadConfig
        If it is no date.

    Examples
    --------
    >>> moment("2017-12-01").isoformat()
    '2017-12-01T00:00:00+00:00'
    >>> moment("2017-12-01", time_zone="Asia/Shanghai").isoformat()
    '2017-11-30T16:00:00+00:00'
    """
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise BadConfig(
                f"a cut must be a date or a time, got {given!r}", hint="write it as 2017-12-01"
            ) from None
    if not isinstance(given, datetime):
        given = datetime(given.year, given.month, given.day)  # noqa: DTZ001 - its zone comes next
    if given.tzinfo is None:
        given = given.replace(tzinfo=ZoneInfo(time_zone))
    return given.astimezone(UTC)
