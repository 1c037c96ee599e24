"""How the commands speak: results on stdout, everything else that is for people on stderr."""

import json
import sys
from pathlib import Path
from typing import IO, Any

from rich.console import Console, RenderableType

__all__ = ["complain", "emit", "emit_to", "narrate", "show", "tidy"]

_PIPE_WIDTH = 160
"""How wide tables are where there is no terminal to ask, in letters."""


def emit(data: object) -> None:
    """Print data as JSON on stdout, without NaN, whatever the characters."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)
    sys.stdout.write(text + "\n")


def emit_to(data: object, file: Path | None) -> None:
    """Write data as JSON, without NaN, to a file; - is stdout, and none is nowhere."""
    if file is None:
        return
    if str(file) == "-":
        emit(data)
        return
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")


def show(what: RenderableType, *, aside: bool = False) -> None:
    """Print a result for people: on stdout, or aside on stderr where stdout is for JSON.

    Text is printed as it is: no markup is obeyed, and control characters from a log cannot reach
    the terminal.
    """
    console = _console(sys.stderr if aside else sys.stdout)
    if isinstance(what, str):
        console.print(tidy(what), markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(what)


def narrate(text: str) -> None:
    """Say on stderr what is being done."""
    show(text, aside=True)


def complain(message: str, hint: str = "") -> None:
    """Say on stderr what was wrong, in one line, and in a second what mends it."""
    lines = [f"error: {' '.join(tidy(message).split())}"]
    if hint:
        lines.append(f"  hint: {' '.join(tidy(hint).split())}")
    sys.stderr.write("\n".join(lines) + "\n")


def tidy(text: str) -> str:
    r"""Return the text with a mark in place of whatever would steer a terminal.

    Those are the control characters, but for line ends and tabs, and the marks that turn the
    direction of writing around.

    Examples
    --------
    >>> tidy("a\x1b[31mb")
    'a�[31mb'
    """
    return text.translate(_STEERING)


_STEERING = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    - {ord("\n"), ord("\t")},
    "�",
)


def _console(file: IO[str]) -> Console:
    settings: dict[str, Any] = {} if file.isatty() else {"width": _PIPE_WIDTH}
    return Console(file=file, **settings)
