"""What is done beside the requests that asked for it: noted, carried on after a kill, and ended."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias, final

from sqlalchemy import Connection, Engine, Row, or_, select, tuple_, update

from limner.errors import Overtaken
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking, writing
from limner.profiles.database.writing import insert_of

__all__ = ["ENDED", "Job", "Jobs", "Progress", "State", "forget_in_jobs"]

State: TypeAlias = Literal["waiting", "running", "cancelling", "cancelled", "done", "failed"]
ENDED: frozenset[str] = frozenset({"cancelled", "done", "failed"})
"""The states in which nothing happens any more."""
_OPEN = ("waiting", "running", "cancelling")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: stretches of the file that are stored, their rows, and what became of them.

    ``rows`` is ``accepted`` + ``duplicates`` + ``refused`` + ``erased``; ``share`` of the file in
    [0, 1].
    """

    stretches: int = 0
    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    erased: int = 0
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``asked`` is a hash of the key and the Idempotency-Key under which it was asked for.

    ``source`` is what the file is called, ``own_file`` whether it was sent and goes when the job
    ends, ``path`` where it lies (of one that was sent its name among those that were), ``digest``
    the hash of what was asked, ``trouble`` why it failed.
    """

    id: str
    kind: str
    source: str
    path: str
    actor: str
    digest: str
    created_us: int
    own_file: bool = False
    asked: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    state: State = "waiting"
    changed_us: int = 0
    progress: Progress = field(default_factory=Progress)
    trouble: str = ""


def forget_in_jobs(connection: Connection, customer_id: str) -> int:
    """Empty what jobs that have ended say, where it names a customer; return how many did."""
    j = t.jobs.c
    spelt = {customer_id, json.dumps(customer_id)[1:-1]}
    told = (j.source, j.path, j.settings, j.trouble)
    named = or_(*(each.contains(word, autoescape=True) for each in told for word in spelt))
    hush = update(t.jobs).where(j.state.in_(sorted(ENDED)), named)
    empty = {"source": "", "path": "", "settings": "{}", "trouble": ""}
    return connection.execute(hush.values(**empty)).rowcount


@final
class Jobs:
    """The list of jobs of a store.

    Parameters
    ----------
    engine
        The database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, job: Job) -> Job:
        """Note a job, durable on return; one that was asked for already is returned as it is."""
        plain = asdict(job) | {
            "own_file": int(job.own_file),
            "settings": json.dumps(dict(job.settings)),
            "changed_us": job.created_us,
            "progress": json.dumps(asdict(job.progress)),
        }
        j = t.jobs.c
        with writing(self.engine) as connection:
            add = insert_of(connection)(t.jobs).on_conflict_do_nothing(index_elements=["asked"])
            connection.execute(add, [plain])
            mine = j.id == job.id if job.asked is None else j.asked == job.asked
            return _job(connection.execute(select(t.jobs).where(mine)).one())

    def get(self, job_id: str) -> Job | None:
        """Return a job, none if there is none of that id."""
        with asking(self.engine) as connection:
            row = connection.execute(select(t.jobs).where(t.jobs.c.id == job_id)).first()
        return None if row is None else _job(row)

    def page(self, *, before: tuple[int, str] | None = None, limit: int = 100) -> list[Job]:
        """Return jobs, the newest first; those before one, by when it was made and its id."""
        j = t.jobs.c
        asked = select(t.jobs).order_by(j.created_us.desc(), j.id.desc()).limit(limit)
        if before is not None:
            asked = asked.where(tuple_(j.created_us, j.id) < before)
        with asking(self.engine) as connection:
            return [_job(row) for row in connection.execute(asked)]

    def unfinished(self) -> list[Job]:
        """Return the jobs that are not at their end, the oldest first."""
        j = t.jobs.c
        asked = select(t.jobs).where(j.state.in_(_OPEN)).order_by(j.created_us, j.id)
        with asking(self.engine) as connection:
            return [_job(row) for row in connection.execute(asked)]

    def begin(self, job: Job) -> bool:
        """Let a job run that waits, or ran before; whether it may."""
        return self._move(job.id, ("waiting", "running"), "running")

    def cancel(self, job_id: str) -> Job | None:
        """Ask a job to end; one that waits ends at once. Returns it, none if there is none."""
        if not self._move(job_id, ("waiting",), "cancelled"):
            self._move(job_id, ("running",), "cancelling")
        return self.get(job_id)

    def end(self, job: Job, state: State, *, trouble: str = "") -> None:
        """Note that a job is at its end, and why if it failed."""
        self._move(job.id, _OPEN, state, trouble=trouble)

    @staticmethod
    def step(connection: Connection, job: Job, progress: Progress) -> Job:
        """Note how far a job is, within the transaction that stores what was read.

        Raises
        ------
        Overtaken
            If the job is not where it was thought to be: somebody cancelled it, or does it too.
        """
        j = t.jobs.c
        where_it_was = json.dumps(asdict(job.progress))
        done = connection.execute(
            update(t.jobs)
            .where(j.id == job.id, j.state == "running", j.progress == where_it_was)
            .values(progress=json.dumps(asdict(progress)), changed_us=_now())
        )
        if done.rowcount != 1:
            raise Overtaken(
                f"job {job.id} must be running at stretch {job.progress.stretches}, but it is not",
                hint="it was cancelled, or another process does it",
            )
        return replace(job, progress=progress)

    def _move(
        self, job_id: str, before: tuple[str, ...], after: State, *, trouble: str = ""
    ) -> bool:
        j = t.jobs.c
        moved = update(t.jobs).where(j.id == job_id, j.state.in_(before))
        with writing(self.engine) as connection:
            told = {"state": after, "changed_us": _now(), "trouble": trouble}
            return connection.execute(moved.values(**told)).rowcount > 0


def _job(row: Row[Any]) -> Job:
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    return Job(
        **plain
        | {
            "own_file": bool(plain["own_file"]),
            "settings": json.loads(plain["settings"]),
            "progress": Progress(**json.loads(plain["progress"])),
        }
    )


def _now() -> int:
    return time.time_ns() // 1000
