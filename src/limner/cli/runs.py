"""What a run leaves behind: a folder that says what was asked of which log, by which code."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import limner

__all__ = ["commit", "open_run", "packages_hash"]


def open_run(
    runs: Path, command: str, *, at: datetime, facts: Mapping[str, Any]
) -> tuple[Path, dict[str, Any]]:
    """Make the folder of one run and write its ``config.json``.

    Parameters
    ----------
    runs
        The workspace's folder of runs.
    command
        Which command runs; part of the folder's name.
    at
        When it began.
    facts
        What is to be remembered, as JSON: settings, seed, the log's fingerprint.

    Returns
    -------
    The folder, and all that was written.
    """
    stem = f"{at:%Y%m%dT%H%M%S}-{command}"
    number, folder = 1, runs / stem
    while True:
        try:
            folder.mkdir(parents=True)
            break
        except FileExistsError:
            number += 1
            folder = runs / f"{stem}-{number}"
    config = {
        "command": command,
        "began": at.isoformat(),
        "limner": limner.__version__,
        "commit": commit(),
        "packages": packages_hash(),
        **facts,
    }
    text = json.dumps(config, ensure_ascii=False, indent=2, default=str)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")
    return folder, config


def commit() -> str | None:
    """Return the git commit that Limner's own code is of, with ``+`` if it was changed since.

    None where it was installed from a package, or there is no git.
    """
    git = shutil.which("git")
    here = Path(limner.__file__).parent
    if git is None or _ask(git, here, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    head = _ask(git, here, "rev-parse", "HEAD")
    changed = _ask(git, here, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{head}+" if head and changed else head


def _ask(git: str, folder: Path, *question: str) -> str | None:
    answer = subprocess.run(  # noqa: S603 - our own question, no shell
        [git, "-C", str(folder), *question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


def packages_hash() -> str:
    """Return a fingerprint of every installed package and its version."""
    installed = sorted(
        {f"{each.metadata['Name']}=={each.version}".lower() for each in metadata.distributions()}
    )
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()[:16]
