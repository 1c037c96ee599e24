"""How we refuse: what was expected, what came, and what to do next."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = [
    "BadCheckpoint",
    "BadConfig",
    "BadEvent",
    "BadModel",
    "BadPicture",
    "BadShape",
    "BadSource",
    "BadStore",
    "DiskFull",
    "Diverged",
    "LimnerError",
    "LogBusy",
    "LogCorrupt",
    "MissingExtra",
    "NoWorkspace",
    "NotFitted",
    "Overtaken",
    "ReadOnly",
    "TooFew",
    "UnknownCustomer",
    "UnknownPlugin",
]


class LimnerError(Exception):
    """Base of all our errors: what was expected, what came, and what to do next.

    Parameters
    ----------
    message
        One sentence: the thing, what it must be, what it is.
    hint
        One sentence or command that mends it, or an empty string.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel whole between processes; ``Exception`` alone would lose the hint."""
        return _again, (type(self), self.message, self.hint)


def _again(kind: type[LimnerError], message: str, hint: str) -> LimnerError:
    """Rebuild an error that came from another process, whatever its class wants to be told."""
    error = kind.__new__(kind)
    LimnerError.__init__(error, message, hint=hint)
    return error


class BadCheckpoint(LimnerError, RuntimeError):
    """What a run kept on its way is broken, or is of another run."""


class BadConfig(LimnerError, ValueError):
    """A setting is misspelt, missing or out of its range."""


class BadEvent(LimnerError, ValueError):
    """One event cannot be what it says."""


class BadModel(LimnerError, ValueError):
    """A pretrained model cannot be opened, is not whole, or is not safe to open."""


class BadPicture(LimnerError, ValueError):
    """A picture is of no known format, broken, or too large to be opened."""


class BadShape(LimnerError, ValueError):
    """An array or a table has not the shape, order or columns that were asked for."""


class BadSource(LimnerError, ValueError):
    """A file or query cannot be read as events."""


class BadStore(LimnerError, RuntimeError):
    """A profile store cannot be opened, is not whole, or is of a newer Limner."""


class ReadOnly(BadStore):
    """A store may be read and not written; what is in it is whole."""


class DiskFull(LimnerError, OSError):
    """The disk had no room; what was there before is whole."""


class Diverged(LimnerError, ArithmeticError):
    """Learning ran away: a loss, a gradient or an examination is no finite number."""


class LogBusy(LimnerError, RuntimeError):
    """Another process is writing to this log."""


class LogCorrupt(LimnerError, RuntimeError):
    """A file of the log is missing or is not what the manifest says."""


class MissingExtra(LimnerError, ImportError):
    """A part needs a package that is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}", hint=f"pip install 'limner[{extra}]'")


class NoWorkspace(LimnerError, FileNotFoundError):
    """There is no workspace here or above."""


class NotFitted(LimnerError, RuntimeError):
    """Something was asked of a model before it had learned."""


class Overtaken(LimnerError, RuntimeError):
    """Another reader of the same stream, or of the same refused rows, was faster."""


class TooFew(LimnerError, ValueError):
    """There are too few customers or outcomes to say anything."""


class UnknownCustomer(LimnerError, KeyError):
    """No profile has this customer id."""

    def __str__(self) -> str:
        """Return the message as it is; ``KeyError`` would quote it."""
        return Exception.__str__(self)


class UnknownPlugin(LimnerError, LookupError):
    """A folder of plug-ins has no file of that name."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = get_close_matches(name, known, n=1)
        super().__init__(
            f"{where} has no {name!r}; it has {', '.join(known)}",
            hint=f"did you mean {close[0]!r}?" if close else "",
        )
