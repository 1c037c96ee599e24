"""Put the service together over a workspace."""

import ipaddress
from typing import TYPE_CHECKING

from limner.cli.settings import SETTINGS_NAME
from limner.errors import BadConfig, MissingExtra, NotFitted

if TYPE_CHECKING:
    from limner.cli.workspace import Workspace
    from limner.profiles.database.store import DatabaseStore
    from limner.service.keys import Keyring
    from limner.service.parts import Parts

__all__ = ["demand_safe_address", "keyring_of", "open_store", "parts_of", "store_address"]

PEPPER = "secrets/pepper"
"""Where, within a workspace, the secret lies with which keys are hashed."""


def store_address(shop: "Workspace", store: str | None) -> str:
    """Return where profiles live: what was asked for, or the workspace's file."""
    return store or str(shop.folder / "profiles.db")


def open_store(shop: "Workspace", store: str | None) -> "DatabaseStore":
    """Open the store. Raises MissingExtra without the packages of the service."""
    try:
        from limner.profiles.database.store import DatabaseStore
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "sqlalchemy", "serve") from None
    return DatabaseStore(store_address(shop, store))


def keyring_of(shop: "Workspace", store: "DatabaseStore") -> "Keyring":
    """Return who knows the keys of a workspace."""
    from limner.service.keys import Keyring, read_pepper

    return Keyring(store, read_pepper(shop.folder / PEPPER))


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
    try:
        log = shop.log
    except NotFitted:
        log = None
    painter = Painter(store, log, config=portrait_config(shop.settings), clock=config.clock)
    return Parts(
        store,
        painter,
        read_pepper(shop.folder / PEPPER),
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
