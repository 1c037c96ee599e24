"""Bring the tables of a store up to what this version expects, once, while nobody else writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from limner import plugins
from limner.errors import BadStore, MissingExtra
from limner.profiles.database import revisions
from limner.profiles.database.connections import take_turns

__all__ = ["Migrated", "head", "migrate", "revision_of"]

_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision of the tables to which; ``before`` is none where there was none."""

    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether anything had to be done."""
        return self.before != self.after


def head() -> str:
    """Return the newest revision that this version knows, by the names of the folder's files."""
    return _numbers()[-1]


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store's tables, none where that was never noted."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {_TABLE}"))  # noqa: S608 - ours
    return found.scalar_one_or_none()


def migrate(engine: Engine, *, where: str, to: str | None = None) -> Migrated:
    """Bring the tables up, under the lock of writers; a store that is up to date is only asked.

    All steps are one transaction, in SQLite and in PostgreSQL: one that fails leaves the store as
    it was. Two processes that open one store at once do the work once.

    Parameters
    ----------
    engine
        The database.
    where
        What it is called in errors.
    to
        Up to which revision; none: the newest.

    Raises
    ------
    BadStore
        If the store is of a newer version, or of one that was never released.
    MissingExtra
        If something has to be done and ``alembic`` is not installed.
    """
    wanted = to or head()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before = revision_of(connection)
        _demand_known(before, where)
    if before == wanted:
        return Migrated(before, wanted)
    with engine.begin() as connection:
        take_turns(connection)
        before = revision_of(connection)
        _demand_known(before, where)
        if (before or "") < wanted:
            _upgrade(connection, wanted)
            return Migrated(before, wanted)
        return Migrated(before, before or wanted)


def _numbers() -> list[str]:
    """Return the numbers of all revisions: those of ``r0001_what_it_does``, in order."""
    return [name[1:].partition("_")[0] for name in plugins.names(revisions)]


def _demand_known(found: str | None, where: str) -> None:
    known = _numbers()
    if found is None or found in known:
        return
    newer = found > known[-1]
    raise BadStore(
        f"{where} has revision {found} of its tables, this Limner knows {known[0]} to {known[-1]}",
        hint="pip install --upgrade limner, as whoever wrote it last"
        if newer
        else "was it made by a version that was never released? Take a backup of before",
    )


def _upgrade(connection: Connection, to: str) -> None:
    try:
        from alembic.config import Config  # noqa: PLC0415 - only what is old needs it
        from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
        from alembic.script import ScriptDirectory  # noqa: PLC0415
    except ModuleNotFoundError:
        raise MissingExtra("bringing a store up to date", "alembic", "serve") from None
    folder = str(Path(str(revisions.__file__)).parent)
    script = ScriptDirectory(folder, version_locations=[folder])

    def steps(now: Any, _: Any) -> Any:  # noqa: ANN401 - alembic's own
        return script._upgrade_revs(to, now)  # noqa: SLF001 - as alembic.command.upgrade does it

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
