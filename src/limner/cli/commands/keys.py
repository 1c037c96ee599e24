"""Keys of the service: make, list, rotate and revoke them."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.serving import keyring_of, open_store, record
from limner.cli.workspace import Workspace
from limner.errors import BadConfig

__all__ = ["keys"]

keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Keys of the service: make, list, rotate, revoke. Needs `pip install 'limner[serve]'`.",
)


@keys.command("create")
def create(
    name: Annotated[str, typer.Option(metavar="NAME", help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(metavar="SCOPE", help="For what; may be repeated.")],
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PURPOSE",
            help="For which purposes alone it may read; by default for any.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Make a key; its secret is shown this once.

    Example: limner keys create --name site --scope ingest
    """
    del seed  # a key must not be foretold
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        made = keyring_of(shop, living).make(name, scope, purposes=purpose or ())
        record(shop, living, "key.created", made.key.id)
    told = {"id": made.key.id, "name": name, "scopes": list(made.key.scopes), "key": made.secret}
    if as_json:
        emit(told)
    show(made.secret, aside=as_json)
    narrate(f"its id is {made.key.id}")
    narrate("keep it: it is shown this once, and only a hash of it is kept")


@keys.command("list")
def listed(
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """List the keys, revoked ones too.

    Example: limner keys list
    """
    del seed
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        found = living.keys()
    if as_json:
        emit(
            [
                {
                    "id": each.id,
                    "name": each.name,
                    "scopes": list(each.scopes),
                    "purposes": list(each.purposes),
                    "created_at": _moment(each.created_us),
                    "revoked_at": None if each.revoked_us is None else _moment(each.revoked_us),
                }
                for each in found
            ]
        )
    for each in found:
        state = "" if each.revoked_us is None else f"  {_end(each.revoked_us)}"
        show(f"{each.id}  {each.name}  {', '.join(each.scopes)}{state}", aside=as_json)


@keys.command("rotate")
def rotate(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Which, as `limner keys list` says.")],
    overlap: Annotated[
        float, typer.Option(metavar="HOURS", min=0, help="How long the old key holds still.")
    ] = 24.0,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Make a new key for the same scopes and purposes; the old one holds for some hours more.

    The new secret is shown this once. With `--overlap 0` the old key ends at once.

    Example: limner keys rotate 3f9a1c02b7de --overlap 24
    """
    del seed  # a key must not be foretold
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        made = keyring_of(shop, living).rotate(key_id, overlap_s=overlap * 3600)
        record(shop, living, "key.rotated", f"{key_id} by {made.key.id}")
        old = living.key(key_id)
    until = _moment(old.revoked_us) if old is not None and old.revoked_us is not None else ""
    told = {"id": made.key.id, "key": made.secret, "replaces": key_id, "old_holds_until": until}
    if as_json:
        emit(told)
    show(made.secret, aside=as_json)
    narrate(f"its id is {made.key.id}; {key_id} holds until {until}")


@keys.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Which, as `limner keys list` says.")],
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Revoke a key; a service that runs refuses it within two seconds.

    Example: limner keys revoke 3f9a1c02b7de
    """
    del seed
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        done = living.revoke_key(key_id, at_us=time.time_ns() // 1000)
        if done:
            record(shop, living, "key.revoked", key_id)
    if not done:
        raise BadConfig(
            f"no key that holds has the id {key_id!r}", hint="see them: limner keys list"
        )
    narrate(f"revoked {key_id}")


def _end(us: int) -> str:
    return f"{'holds until' if us > time.time_ns() // 1000 else 'revoked'} {_moment(us)}"


def _moment(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="seconds")
