"""Put the worker together over a workspace, and let it work until it is asked to stop."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from limner.cli.console import narrate
from limner.cli.serving import parts_of
from limner.cli.settings import SETTINGS_NAME
from limner.errors import BadConfig

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.profiles.database.store import DatabaseStore
    from limner.service.worker import Totals

__all__ = ["replay_all", "work"]


def work(
    shop: "Workspace", store: "DatabaseStore", sources: Sequence[str], *, once: bool = False
) -> "Totals":
    """Read streams until asked to stop; with ``once``, until the end of what is there.

    Parameters
    ----------
    shop, store
        Whose events, and where to.
    sources
        Addresses of streams; none: those that ``limner.toml`` names.
    once
        Whether to stop at the end.

    Raises
    ------
    BadConfig
        If there is no stream to read.
    """
    from limner.service.renewal import Renewer
    from limner.service.settings import WorkerConfig
    from limner.service.worker import Worker

    config = WorkerConfig.read(shop.settings.worker, where=f"{SETTINGS_NAME} [worker]")
    chosen = tuple(sources) or config.sources
    if not chosen:
        raise BadConfig(
            "there must be a stream to read from, got none",
            hint="limner worker --from follow:events.jsonl",
        )
    parts = parts_of(shop, store)
    renewer = Renewer(store, parts.painter, config=parts.config, clock=parts.clock)
    worker = Worker(
        store,
        chosen,
        parts.rules,
        config=config,
        limits=parts.config,
        clock=parts.clock,
        told=lambda _: renewer.wake(),
    )
    counted = parts.painter.seed()
    if counted:
        narrate(f"counted {counted:,} customers of the log")
    draws = config.portraits and not once
    if draws:
        renewer.start()
    try:
        with _asked_to_stop(worker.stop):
            done = worker.run(once=once)
            while config.portraits and once and renewer.once():
                pass
    finally:
        if draws:
            renewer.close()
    return done


def replay_all(shop: "Workspace", store: "DatabaseStore") -> tuple[int, int, int]:
    """Read all refused rows once more.

    Returns how many were taken, how many events of them are new, and how many rows stay refused.
    """
    from limner.service.replaying import replay
    from limner.service.unwrapping import Unwrapper

    parts = parts_of(shop, store)
    parts.painter.seed()
    unwrapper = Unwrapper(parts.config)
    taken = accepted = 0
    after: int | None = 0
    while after is not None:
        done = replay(
            store,
            unwrapper,
            parts.rules,
            now=parts.clock(),
            after=after,
        )
        taken, accepted, after = taken + done.taken, accepted + done.accepted, done.cursor
    return taken, accepted, store.totals()["rejects"]


@contextmanager
def _asked_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C ask for an end instead of bringing it about."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        each: signal.signal(each, lambda *_: stop()) for each in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
