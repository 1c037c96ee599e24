"""Listen: the application behind a server of HTTP, in this process."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from limner.errors import BadConfig
from limner.service.app import create_app
from limner.service.parts import Parts
from limner.service.quiet import hush_errors

__all__ = ["listen", "run"]

_GRACE_S = 20
"""So long requests that are under way may take once the service is asked to stop."""
_LONGEST_HEADERS = 32_768


def listen(host: str, port: int) -> socket.socket:
    """Take an address; port 0 is any that is free. Raises BadConfig if it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BadConfig(
            f"{host} port {port} cannot be listened at: {(error.strerror or str(error)).lower()}",
            hint="is something else there already? another: --port 8001",
        ) from None


def run(
    parts: Parts, door: socket.socket, *, ready: Callable[[uvicorn.Server], None] | None = None
) -> None:
    """Serve until told to stop; requests under way are answered, and what waits is written.

    Parameters
    ----------
    parts
        What is served.
    door
        Where to listen; see :func:`listen`.
    ready
        Is told of the server before it begins, so that it can be asked to stop.
    """
    app = create_app(parts)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_LONGEST_HEADERS,
        )
    )
    app.state.listeners.stopping = lambda: server.should_exit
    hush_errors()
    if ready is not None:
        ready(server)
    with _asked_to_end(server):
        server.run(sockets=[door])


@contextmanager
def _asked_to_end(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C ask for an end, and nothing else.

    The server raises them once more when it has ended; that would end the process before those who
    work beside it are told, and as if something had gone wrong.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        server.should_exit = True

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
