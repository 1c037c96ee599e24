"""Work that reads the log for long, on the log as it stood when the work began."""

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from limner.cli.workspace import Workspace

__all__ = ["on_one_state"]

P = ParamSpec("P")
R = TypeVar("R")


def on_one_state(
    work: "Callable[Concatenate[Workspace, P], R]",
) -> "Callable[Concatenate[Workspace, P], R]":
    """Let a workspace's log stay as it is until some work is done, whatever is added meanwhile.

    A shop that is open goes on while its models are learned anew: events move into the log, and
    files that the work is still to read would go. Raises LogBusy if somebody was erased meanwhile.
    """

    @wraps(work)
    def done(shop: "Workspace", /, *args: P.args, **named: P.kwargs) -> R:
        from limner.events.holding import held

        if shop.held is not None:
            return work(shop, *args, **named)
        with held(shop.log) as log:
            shop.held = log
            try:
                return work(shop, *args, **named)
            finally:
                shop.held = None

    return done
