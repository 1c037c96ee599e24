"""Tenants parted: a workspace each, with a store, a secret and keys that know of no other."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from limner.cli.settings import SETTINGS_NAME
from limner.errors import BadConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from limner.cli.workspace import Workspace
    from limner.profiles.database.store import DatabaseStore
    from limner.service.parts import Parts
    from limner.service.settings import ServeConfig

__all__ = ["claim", "parts_of_all", "serve_config", "tenants_of"]

_WORD = "tenant"
"""Under this name a store remembers whose it is."""
_FIRST = "default"


def serve_config(shop: "Workspace", **told: object) -> "ServeConfig":
    """Return how the service of a workspace behaves. Raises BadConfig for what it does not know."""
    from limner.service.settings import ServeConfig

    return ServeConfig.read({**shop.settings.serve, **told}, where=f"{SETTINGS_NAME} [serve]")


def claim(store: "DatabaseStore", tenant: str) -> None:
    """Let a store be a tenant's; it is no other's from then on.

    Raises
    ------
    BadConfig
        If it is another's already.
    """
    whose = store.recall(_WORD)
    if whose is None and (tenant == _FIRST or store.keys() or store.token()):
        whose = _FIRST  # as every store was before there were tenants
    if whose is None:
        store.remember(_WORD, tenant)
    elif whose != tenant:
        raise BadConfig(
            f"the store must be of the tenant {tenant!r}, but it is of {whose!r}",
            hint=f"name another --store, or say tenant = {whose!r} in [serve] of {SETTINGS_NAME}",
        )


def tenants_of(shop: "Workspace") -> dict[str, "Workspace"]:
    """Return the workspaces of the other tenants that a service serves, by name.

    Raises
    ------
    BadConfig
        If a folder is this workspace or within it, is named twice, is another tenant's than was
        said, or has tenants of its own.
    NoWorkspace
        If a folder is no workspace.
    """
    from limner.cli.workspace import Workspace

    own = serve_config(shop)
    found: dict[str, Workspace] = {}
    home = shop.folder.resolve()
    for name, folder in own.tenants.items():
        place = (shop.folder / folder).resolve()
        taken = {each.folder.resolve() for each in found.values()}
        if place.is_relative_to(home) or place in taken or name == own.tenant:
            raise BadConfig(
                f"tenants in [serve] must each have a folder of their own, but {name!r} does not",
                hint=f'{name} = "../{name}", which was made by: limner init --workspace ../{name}',
            )
        other = Workspace(place)
        theirs = serve_config(other)
        if theirs.tenant != name or theirs.tenants:
            raise BadConfig(
                f"{place / SETTINGS_NAME} must say tenant = {name!r} and no tenants in [serve],"
                f" but it says {theirs.tenant!r}",
                hint="its keys are made for the tenant that it names",
            )
        found[name] = other
    return found


def parts_of_all(
    shop: "Workspace",
    store: str | None,
    *,
    clock: str | None,
    opened: ExitStack,
    place: tuple[int, int, Path] | None = None,
    greet: "Callable[[Workspace, DatabaseStore, str], None]" = lambda *_: None,
) -> "Parts":
    """Return what the service of a workspace and of the tenants that it serves is made of.

    Parameters
    ----------
    shop, store, clock
        As ``limner serve`` takes them.
    opened
        Closes every store that was opened.
    place
        Which of several processes this is, of how many, and where their figures are shared.
    greet
        Is told of each store that was opened, and whose it is (empty for the workspace's own).
    """
    from limner.cli.serving import open_store, parts_of
    from limner.service.crew import Place

    def made(one: "Workspace", address: str | None, name: str) -> "Parts":
        held = opened.enter_context(open_store(one, address))
        greet(one, held, f" of {name}" if name else "")
        parts = parts_of(one, held, clock=clock)
        if place is None:
            return parts
        number, of, figures = place
        return replace(parts, place=Place(number, of, figures / name))

    server = store if store is not None and "://" in store else None
    own = made(shop, store, "")
    others = {name: made(theirs, server, name) for name, theirs in tenants_of(shop).items()}
    return replace(own, tenants=others)
