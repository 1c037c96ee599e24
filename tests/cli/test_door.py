"""The door of the command line, before anything heavy is loaded."""

import subprocess
import sys


def test_it_is_the_same_command():
    run = subprocess.run(
        [sys.executable, "-m", "limner.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("limner ")


def test_ctrl_c_while_it_is_loading_is_one_line():
    """Whatever is imported first is stopped, as by a signal."""
    code = (
        "import builtins\n"
        "from limner.cli.__main__ import run\n"
        "load = builtins.__import__\n"
        "def stop(name, *rest):\n"
        "    if name == 'limner.cli.main': raise KeyboardInterrupt\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = stop\n"
        "run()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 130
    assert run.stderr.splitlines() == ["error: stopped; whatever was finished before is whole"]
