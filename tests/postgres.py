"""A real PostgreSQL server, begun for the tests and gone with them."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

HOW_TO_GET_IT = "PostgreSQL is missing: apt-get install postgresql, or put initdb on the PATH"


def programs() -> Path | None:
    """Return the folder with the server's programs, none if there is no server."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


def _user() -> str | None:
    """Return as whom the server runs; it refuses to be root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def a_server():
    """Run a server in a folder of its own; yields its address without a database.

    The folder is none of pytest's, since each run of pytest forbids other users to enter those.
    """
    home, user = programs(), _user()
    assert home is not None, HOW_TO_GET_IT
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if user is not None:
        shutil.chown(folder, user)
        for above in folder.parents:
            if above.stat().st_uid == 0 and above.stat().st_mode & 0o001 == 0:
                above.chmod(above.stat().st_mode | 0o011)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*words, check=True):
        subprocess.run(words, check=check, capture_output=True, user=user, cwd="/")

    data = folder / "data"
    call(home / "initdb", "-D", data, "-U", "limner", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
    call(home / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
    try:
        yield f"postgresql://limner@127.0.0.1:{port}"
    finally:
        call(home / "pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)
