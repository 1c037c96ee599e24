"""Several processes; what every executor promises is in ``test_executor.py``."""

import os
import signal
import subprocess
import sys

import pytest

from limner.engine.pool import Pool
from limner.errors import BadConfig


def test_a_pool_works_in_other_processes():
    (other,) = Pool(1).map(_process, [None])
    assert other != os.getpid()


def _process(_: None) -> int:
    return os.getpid()


def test_workers_leave_when_the_parent_is_killed(tmp_path):
    """They hold the write end of a pipe; once all of them are gone, reading it comes to an end."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, signal\n"
        "from operator import neg\n"
        "from limner.engine import Pool\n"
        "if __name__ == '__main__':\n"
        "    results = Pool(2).map(neg, range(9))\n"
        "    print(next(results), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout.read() == b"0\n"
    assert parent.returncode == -signal.SIGKILL


def test_a_pool_of_none_is_refused():
    with pytest.raises(BadConfig, match="workers must be at least 1, got 0"):
        Pool(0)
