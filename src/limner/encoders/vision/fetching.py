"""Pictures from the net, fetched when somebody says so and never by the way."""

import hashlib
import ipaddress
import socket
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from limner.encoders.vision.pictures import MOST_BYTES, open_picture
from limner.errors import BadPicture

__all__ = ["fetch_pictures", "fetched_file", "is_address"]

SECONDS = 20.0
"""So long a server may say nothing."""
AGENT = "limner"


def is_address(said: str) -> bool:
    """Say whether a catalogue's word for a picture is an address of the web."""
    return said.lower().startswith(("http://", "https://"))


def fetched_file(folder: Path, address: str) -> Path:
    """Return where the picture of an address lies, or will."""
    return folder / hashlib.blake2b(address.encode(), digest_size=12).hexdigest()


def fetch_pictures(
    addresses: Iterable[str],
    folder: Path,
    *,
    inside: bool = False,
    progress: Callable[[float], None] | None = None,
) -> dict[str, str]:
    """Fetch pictures that are not there yet, each whole or not at all.

    Parameters
    ----------
    addresses
        Of http or https.
    folder
        Where they are laid; see :func:`fetched_file`.
    inside
        Whether servers of one's own network may be asked too. A catalogue that comes from
        elsewhere could name what only this machine can reach.
    progress
        Is told the share done.

    Returns
    -------
    Which could not be fetched, and why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in dict.fromkeys(addresses) if not fetched_file(folder, each).is_file()]
    refused = {}
    for done, address in enumerate(wanted, 1):
        try:
            content = _fetch(address, inside=inside)
            open_picture(content)
        except BadPicture as trouble:
            refused[address] = trouble.message
        except (URLError, HTTPException, OSError, ValueError) as trouble:
            refused[address] = str(getattr(trouble, "reason", trouble)) or type(trouble).__name__
        else:
            file = fetched_file(folder, address)
            fresh = file.with_name(f".{file.name}")
            fresh.write_bytes(content)
            fresh.replace(file)
        if progress is not None:
            progress(done / len(wanted))
    return refused


def _fetch(address: str, *, inside: bool) -> bytes:
    _demand_outside(address, inside=inside)
    opener = build_opener(_Redirects(inside=inside))
    asked = Request(address, headers={"User-Agent": AGENT, "Accept": "image/*"})  # noqa: S310
    with opener.open(asked, timeout=SECONDS) as told:
        content: bytes = told.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadPicture(f"more than {MOST_BYTES // 1024**2} MB")
    return content


class _Redirects(HTTPRedirectHandler):
    """Follows to where one may go oneself."""

    def __init__(self, *, inside: bool) -> None:
        self.inside = inside

    def redirect_request(  # noqa: PLR0917 - as its ancestor's
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> Request | None:
        _demand_outside(newurl, inside=self.inside)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _demand_outside(address: str, *, inside: bool) -> None:
    """Refuse what is no address of the web, or leads into one's own network."""
    if not is_address(address):
        raise BadPicture("only http and https are fetched")
    host = urlsplit(address).hostname
    if host is None:
        raise BadPicture("the address names no server")
    if inside:
        return
    for found in socket.getaddrinfo(host, None):
        if not ipaddress.ip_address(found[4][0]).is_global:
            raise BadPicture(f"{host} lies in a network of one's own", hint="--inside allows it")
