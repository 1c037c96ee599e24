"""A made-up shop in a workspace: ingested once, learned once, and a way to ask as a user does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from limner.cli.main import app
from limner.cli.workspace import Workspace
from limner.events.synthetic import ShopConfig, SyntheticShop

QUESTIONS = {"churn": "", "spend": "", "next_item": ""}


@pytest.fixture
def ask():
    """Run a command in this process: ``ask("fit", "--cut", "2024-05-01")``."""

    def run(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return run


@pytest.fixture
def really():
    """Run a command as a process of its own, with pipes for stdout and stderr."""

    def run(*arguments, code="from limner.cli.main import run; run()", cwd=None, **environment):
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="session")
def made_up():
    return SyntheticShop(ShopConfig(events=12_000, customers=200, items=60, days=150, seed=3))


@pytest.fixture(scope="session")
def orders(tmp_path_factory, made_up) -> Path:
    """A CSV as a shop would export it."""
    path = tmp_path_factory.mktemp("export") / "orders.csv"
    made_up.events().write_csv(path)
    return path


@pytest.fixture(scope="session")
def _ingested(tmp_path_factory, orders) -> Path:
    folder = tmp_path_factory.mktemp("ingested") / "shop"
    Workspace.create(folder, name="made up", currency="EUR", questions=QUESTIONS).ingest(orders)
    return folder


@pytest.fixture(scope="session")
def learned(tmp_path_factory, _ingested) -> Path:
    """A workspace with profiles, to be read only."""
    folder = tmp_path_factory.mktemp("learned") / "shop"
    shutil.copytree(_ingested, folder)
    Workspace(folder).fit(seed=1)
    return folder


@pytest.fixture
def ingested(tmp_path, _ingested) -> Path:
    """A workspace with a log, of the test's own."""
    shutil.copytree(_ingested, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def quick(ingested) -> Path:
    """A workspace with a log and one question, for what has to learn within a test."""
    settings = 'shop.name = "made up"\nquestions.churn = {}\nevaluate.resamples = 100\n'
    (ingested / "limner.toml").write_text(settings, encoding="utf-8")
    return ingested


@pytest.fixture
def empty(tmp_path) -> Path:
    """A workspace without a log, of the test's own."""
    return Workspace.create(tmp_path / "shop", currency="EUR", questions=QUESTIONS).folder
