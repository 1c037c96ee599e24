"""What the service does without at the moment; every answer that is poorer for it says so."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol, final

__all__ = ["Health"]

_KNOWN_S = 0.5
"""So long what was looked at is taken to be as it was."""


class _Failing(Protocol):
    failing: bool


@final
class Health:
    """Knows which parts of the service fail, and what is missing that was there.

    Parameters
    ----------
    probes
        Whether things are there that answers rest upon, by their names: ``models``, ``vectors``.
    threads
        Who works behind the answers, by what lacks where they fail: ``writes``, ``portraits``.
    clock
        Tells seconds.
    """

    def __init__(
        self,
        probes: Mapping[str, Callable[[], bool]],
        threads: Mapping[str, _Failing],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probes, self._threads, self._clock = probes, threads, clock
        self._missing: tuple[str, ...] = ()
        self._until = float("-inf")

    def lacking(self) -> tuple[str, ...]:
        """Return what is lacking, by name; this is asked for at every answer."""
        now = self._clock()
        if now >= self._until:
            self._missing = tuple(name for name, there in self._probes.items() if not _sure(there))
            self._until = now + _KNOWN_S
        failing = tuple(name for name, each in self._threads.items() if each.failing)
        return failing + self._missing


def _sure(there: Callable[[], bool]) -> bool:
    """Whether something is there; what cannot be looked at is not."""
    try:
        return there()
    except Exception:  # noqa: BLE001 - whatever it is, an answer says that it is lacking
        return False
