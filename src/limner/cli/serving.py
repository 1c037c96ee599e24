"""Put the service together over a workspace."""

import ipaddress
import time
from typing import TYPE_CHECKING

from limner.cli.settings import PEPPER, SETTINGS_NAME
from limner.errors import BadConfig, MissingExtra, NotFitted

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.events.log import EventLog
    from limner.profiles.database.store import DatabaseStore
    from limner.profiles.eraser import Eraser
    from limner.service.keys import Keyring
    from limner.service.parts import Parts

__all__ = [
    "ACTOR",
    "begun_log",
    "demand_safe_address",
    "eraser_of",
    "keyring_of",
    "log_of",
    "open_store",
    "parts_of",
    "record",
    "store_address",
]

ACTOR = "command line"
"""What the audit log calls whoever types commands."""


def store_address(shop: "Workspace", store: str | None) -> str:
    """Return where profiles live: what was asked for, or the workspace's file."""
    return store or str(shop.folder / "profiles.db")


def open_store(shop: "Workspace", store: str | None) -> "DatabaseStore":
    """Open the store. Raises MissingExtra without the packages of the service."""
    try:
        from limner.profiles.database.store import DatabaseStore
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "sqlalchemy", "serve") from None
    from limner.cli.portraits import identity_config
    from limner.service.keys import read_pepper

    pepper = read_pepper(shop.folder / PEPPER)
    identity = identity_config(shop.settings)
    found = DatabaseStore(store_address(shop, store), pepper=pepper, identity=identity)
    found.identities.heed_limits()
    return found


def keyring_of(shop: "Workspace", store: "DatabaseStore") -> "Keyring":
    """Return who knows the keys of a workspace."""
    from limner.service.keys import Keyring, read_pepper

    return Keyring(store, read_pepper(shop.folder / PEPPER))


def eraser_of(shop: "Workspace", store: "DatabaseStore") -> "Eraser":
    """Return who shows and erases what a workspace holds on a customer."""
    from limner.profiles.database.privacy import PrivacyBook
    from limner.profiles.eraser import Eraser
    from limner.service.keys import read_pepper

    pepper = read_pepper(shop.folder / PEPPER)
    book = PrivacyBook(store.engine, pepper)
    return Eraser(store, book, pepper=pepper, log=log_of(shop), folder=shop.folder)


def log_of(shop: "Workspace") -> "EventLog | None":
    """Return the log of a workspace, none if nothing was ingested yet."""
    try:
        return shop.log
    except NotFitted:
        return None


def begun_log(shop: "Workspace") -> "EventLog":
    """Return the log of a workspace; an empty one is begun where there is none.

    A service must see what others write into the log while it runs, the first of it too.
    """
    from limner.events.log import EventLog

    found = log_of(shop)  # an empty log counts as nothing, so it must be asked for by name
    if found is not None:
        return found
    try:
        return EventLog.create(shop.folder / "log", buckets=shop.settings.log.buckets)
    except BadConfig:  # another process begins at the same moment, and was faster
        return shop.log


def record(shop: "Workspace", store: "DatabaseStore", action: str, detail: str) -> None:
    """Take down in the audit log what was done on the command line."""
    from limner.profiles.database.audit import AuditLog, Entry
    from limner.service.keys import read_pepper

    audit = AuditLog(store.engine, read_pepper(shop.folder / PEPPER))
    audit.append([Entry(time.time_ns() // 1000, ACTOR, action, None, detail)])


def parts_of(shop: "Workspace", store: "DatabaseStore", *, clock: str | None = None) -> "Parts":
    """Return what the service of a workspace is made of."""
    from limner.cli.portraits import portrait_config
    from limner.cli.sourcing import cleaning_of
    from limner.profiles.painter import Painter
    from limner.service.keys import read_pepper
    from limner.service.parts import Parts
    from limner.service.settings import ServeConfig

    told = {} if clock is None else {"clock": clock}
    config = ServeConfig.read({**shop.settings.serve, **told}, where=f"{SETTINGS_NAME} [serve]")
    log = begun_log(shop)
    painter = Painter(store, log, config=portrait_config(shop.settings), clock=config.clock)
    return Parts(
        store,
        painter,
        read_pepper(shop.folder / PEPPER),
        eraser_of(shop, store),
        config=config,
        cleaning=cleaning_of(shop.settings),
        currency=shop.settings.shop.currency,
    )


def demand_safe_address(host: str, *, insecure: bool) -> None:
    """Refuse to be reached from elsewhere without encryption, unless that is wanted.

    Raises
    ------
    BadConfig
        If the address is not this machine's own and ``insecure`` is not set.
    """
    if insecure or host == "localhost":
        return
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise BadConfig(
            f"--host {host} can be reached from elsewhere, and nothing here is encrypted",
            hint="put a proxy with TLS before 127.0.0.1, or say --insecure",
        )
