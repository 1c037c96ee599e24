"""One thread reads the files that were sent, one after another; what was begun is carried on."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import final

import structlog

from limner.errors import BadStore, DiskFull, LimnerError, Overtaken
from limner.events.cleaning import CleaningConfig
from limner.profiles.database.jobs import ENDED, Job, Jobs
from limner.profiles.database.store import DatabaseStore
from limner.profiles.importing import import_file
from limner.profiles.live import Receipt
from limner.service.quiet import place_of

__all__ = ["Importer"]

_AGAIN_S = 2.0
_FORGOTTEN_S = 3_600.0
"""What was being sent for so long, and became no job, was left by a kill."""


@final
class Importer:
    """Does jobs, the oldest first. A file that was sent goes when its job ends, however it ends.

    Parameters
    ----------
    store, jobs
        Where to, and what is to be done.
    folder
        Where files lie that were sent; none: nothing is done.
    cleaning, currency, rows
        As for :func:`~limner.profiles.importing.import_file`.
    clock
        Tells the present, in UTC.
    leads
        Whether this process is the one that does jobs.
    told
        Is told of every transaction.
    """

    def __init__(
        self,
        store: DatabaseStore,
        jobs: Jobs,
        *,
        folder: Path | None,
        cleaning: CleaningConfig,
        clock: Callable[[], datetime],
        currency: str | None = None,
        rows: int = 10_000,
        leads: Callable[[], bool] = lambda: True,
        told: Callable[[Receipt], None] = lambda _: None,
    ) -> None:
        self.store, self.jobs, self.folder = store, jobs, folder
        self.cleaning, self.clock, self.currency, self.rows = cleaning, clock, currency, rows
        self.leads, self.told = leads, told
        self.failing = False
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-importer", daemon=True)

    def start(self) -> None:
        """Begin with what was left unfinished."""
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that something was asked."""
        self._wake.set()

    def close(self) -> None:
        """Finish the stretch at hand, then stop; the rest is done at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def once(self) -> int:
        """Do what is to be done; return how many jobs came to their end."""
        done = 0
        self._sweep()
        for job in self.jobs.unfinished():
            if self._stop.is_set() or not self.leads():
                break
            done += self._do(job)
            self._sweep()
        return done

    @property
    def holds_files(self) -> bool:
        """Whether there are files that were sent and are not read to their ends, or not gone."""
        return any(job.own_file for job in self.jobs.unfinished()) or bool(self._read_files())

    def _do(self, job: Job) -> bool:
        """Carry on with one job; whether it came to its end."""
        if job.state == "cancelling":
            self.jobs.end(job, "cancelled")
            return True
        if not self.jobs.begin(job):
            return False
        path = self.folder / job.path if job.own_file and self.folder else Path(job.path)
        try:
            import_file(
                self.store,
                job,
                path=path,
                cleaning=self.cleaning,
                clock=self.clock,
                rows=self.rows,
                currency=self.currency,
                told=self._heard,
            )
            self.jobs.end(job, "done")
        except _Stopping:
            return False
        except Overtaken:
            found = self.jobs.get(job.id)
            if found is not None and found.state == "cancelling":
                self.jobs.end(job, "cancelled")
            return found is not None and found.state == "cancelling"
        except (BadStore, DiskFull):
            raise
        except LimnerError as error:
            self.jobs.end(job, "failed", trouble=error.message.replace(str(path), job.source))
        except Exception as error:  # noqa: BLE001 - one file that is odd must not stop the others
            told = f"the file could not be read ({type(error).__name__})"
            self.jobs.end(job, "failed", trouble=told)
            structlog.get_logger("limner.importer").warning(told, trouble=place_of(error))
        return True

    def _heard(self, receipt: Receipt) -> None:
        self.told(receipt)
        if self._stop.is_set() or not self.leads():
            raise _Stopping

    def _sweep(self) -> None:
        """Remove files that were sent and belong to no job that is still to be done."""
        for path in self._read_files():
            path.unlink(missing_ok=True)

    def _read_files(self) -> list[Path]:
        if self.folder is None or not self.folder.is_dir():
            return []
        found = []
        for path in self.folder.iterdir():
            job = self.jobs.get(path.name.partition(".")[0])
            try:
                old = job is None and time.time() - path.stat().st_mtime > _FORGOTTEN_S
            except FileNotFoundError:  # it was sent whole this very moment, or went
                continue
            if old or (job is not None and job.state in ENDED):
                found.append(path)
        return found

    def _run(self) -> None:
        log = structlog.get_logger("limner.importer")
        while True:
            self._wake.wait(_AGAIN_S)
            if self._stop.is_set():
                return
            self._wake.clear()
            if not self.leads():
                continue
            try:
                self.once()
                self.failing = False
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self.failing = True
                log.warning("a job could not be carried on", trouble=place_of(error))
                self._stop.wait(_AGAIN_S)


class _Stopping(Exception):
    """The rest of a file is read at the next start."""
