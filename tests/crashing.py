"""A service that is begun again and again: forked from a process that has imported everything.

As a script it reads folders from stdin; for each it forks a child that serves the folder's store
at a free port, and tells ``pid port`` on stdout. Meanwhile the child moves what came into the log,
at one moment of its first second, as ``limner compact`` does.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limner.events.log import EventLog

KEY_PEPPER = b"sixteen bytes or more"


class Nursery:
    """Begins services; each is a process of its own, and is killed by whoever wants."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._alive = None

    def begin(self, folder):
        """Begin a service over a folder's store; returns its port."""
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        pid, port = self._process.stdout.readline().split()
        self._alive = int(pid)
        return int(port)

    def kill(self):
        """Kill the service that was begun last."""
        os.kill(self._alive, signal.SIGKILL)
        self._alive = None

    def close(self):
        """Let nobody be begun any more, and leave nobody."""
        if self._alive is not None:
            self.kill()
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def _serve(folder: Path, told: int) -> None:
    from limner.events.log import EventLog
    from limner.events.manifest import MANIFEST_NAME
    from limner.profiles.database.privacy import PrivacyBook
    from limner.profiles.database.store import DatabaseStore
    from limner.profiles.eraser import Eraser
    from limner.profiles.painter import Painter
    from limner.service.parts import Parts
    from limner.service.running import listen, run
    from limner.service.settings import ServeConfig

    door = listen("127.0.0.1", 0)
    os.write(told, f"{os.getpid()} {door.getsockname()[1]}\n".encode())
    os.dup2(2, told)  # what the service logs is no answer
    store = DatabaseStore(folder / "profiles.db", pepper=KEY_PEPPER)
    begun = (folder / "log" / MANIFEST_NAME).exists()
    log = EventLog(folder / "log") if begun else EventLog.create(folder / "log", buckets=2)
    eraser = Eraser(store, PrivacyBook(store.engine, KEY_PEPPER), pepper=KEY_PEPPER, log=log)
    config = ServeConfig(renew_customers=20, renew_seconds=0.01)
    painter = Painter(store, log)
    threading.Thread(target=_compact, args=(folder, log), daemon=True).start()
    run(Parts(store, painter, KEY_PEPPER, eraser, config=config), door)


def _compact(folder: Path, log: "EventLog") -> None:
    from limner.profiles.compaction import compact
    from limner.profiles.database.store import DatabaseStore

    time.sleep(random.Random(os.getpid()).uniform(0.0, 1.0))
    now = datetime.now(UTC)
    with DatabaseStore(folder / "profiles.db", pepper=KEY_PEPPER) as store:
        compact(store, log, before=now, now=now)


def main() -> None:
    """Fork a service for each folder that stdin names."""
    import uvicorn.lifespan.on
    import uvicorn.loops.uvloop
    import uvicorn.protocols.http.httptools_impl  # noqa: F401

    import limner.profiles.compaction
    import limner.profiles.database.store
    import limner.profiles.painter
    import limner.service.running  # noqa: F401
    from limner import plugins
    from limner.service import intake, routes

    for folder in (intake, routes):
        list(plugins.load_all(folder))

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(Path(line.strip()), 1)
            os._exit(0)


if __name__ == "__main__":
    main()
