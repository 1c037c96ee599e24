"""What every room's tests share: nobody's environment leaks in, and laws are tried the same."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Two workers on two cores are slower than one alone; a slow example is no failure of a law.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)
settings.load_profile("house")

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("POLARS_MAX_THREADS", "2")


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch):
    """Let no test depend on the terminal or the colours of whoever runs it."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
