"""A service that is begun again and again: forked from a process that has imported everything.

As a script it reads folders from stdin; for each it forks a child that serves the folder's store
at a free port, and tells ``pid port`` on stdout.
"""

import os
import subprocess
import sys
from pathlib import Path

KEY_PEPPER = b"sixteen bytes or more"


class Nursery:
    """Begins services; each is a process of its own, and is killed by whoever wants."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, folder):
        """Begin a service over a folder's store; returns its process and its port."""
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        pid, port = self._process.stdout.readline().split()
        return int(pid), int(port)

    def close(self):
        """Let nobody be begun any more."""
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def _serve(folder: Path, told: int) -> None:
    from limner.profiles.database.store import DatabaseStore
    from limner.profiles.painter import Painter
    from limner.service.parts import Parts
    from limner.service.running import listen, run
    from limner.service.settings import ServeConfig

    door = listen("127.0.0.1", 0)
    os.write(told, f"{os.getpid()} {door.getsockname()[1]}\n".encode())
    store = DatabaseStore(folder / "profiles.db")
    config = ServeConfig(renew_customers=20, renew_seconds=0.01)
    run(Parts(store, Painter(store, None), KEY_PEPPER, config=config), door)


def main() -> None:
    """Fork a service for each folder that stdin names."""
    import signal

    import limner.profiles.database.store
    import limner.profiles.painter
    import limner.service.running  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(Path(line.strip()), 1)
            os._exit(0)


if __name__ == "__main__":
    main()
