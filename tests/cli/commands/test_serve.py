"""The service as a process of its own: begun, killed, begun again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from limner.cli.workspace import Workspace
from serving import bought


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(folder, *more):
    return [sys.executable, "-m", "limner.cli", "serve", "--workspace", str(folder), *more]


@contextmanager
def process(folder, port):
    """Run the service; yields the process, and the key if one was made."""
    with subprocess.Popen(
        command(folder, "--port", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as running:
        try:
            for _ in range(600):
                try:
                    httpx.get(f"http://127.0.0.1:{port}/livez")
                    break
                except httpx.TransportError:
                    assert running.poll() is None
                    time.sleep(0.1)
            yield running
        finally:
            running.kill()


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    shop = Workspace.create(tmp_path / "shop", currency="EUR").folder
    port = free_port()
    with process(shop, port) as running:
        (key,) = re.findall(r"lk_\S+", running.stdout.readline())
        headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
        address = f"http://127.0.0.1:{port}/v1"
        sent = httpx.post(f"{address}/track", json=bought(), headers=headers).json()
        assert sent["accepted"] == 1
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert (shop / "secrets" / "pepper").stat().st_mode & 0o077 == 0
    with process(shop, port) as running:
        again = httpx.post(f"{address}/track", json=bought(), headers=headers).json()
        assert (again["accepted"], again["duplicates"]) == (0, 1)
        told = httpx.get(f"{address}/profiles/ann", params={"fresh": True}, headers=headers).json()
        assert told["live"]["orders"] == 1
        assert told["portrait"]["currency"] == "EUR"
        running.terminate()
        assert running.wait(timeout=30) in {0, -signal.SIGTERM}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--host", "0.0.0.0"], "--insecure"),
        (["--clock", "yesterday"], "now or log"),
        (["--store", "mysql://h/d"], "SQLite or PostgreSQL"),
    ],
)
def test_what_is_not_safe_or_not_known_is_refused(tmp_path, more, said):
    folder = Workspace.create(tmp_path / "shop").folder
    done = subprocess.run(
        command(folder, *more), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
