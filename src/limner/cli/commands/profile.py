"""Show what is known of one customer, and say who is who."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.serving import ACTOR, open_store
from limner.cli.tables import card
from limner.cli.workspace import Workspace

__all__ = ["profile"]

profile = typer.Typer(
    help="Show what is known of a customer; merge customers, and split them again."
)


@profile.command("show")
def show_profile(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The customer's id.")],
    language: Annotated[
        Literal["en", "zh"], typer.Option(metavar="en|zh", help="Of the card.")
    ] = "en",
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Show one customer's profile.

    Example: limner profile show 1042 --json
    """
    del seed
    drawn = Workspace(workspace).profile(customer_id)
    if as_json:
        emit(drawn.to_dict())
    else:
        show(card(drawn, language=language))


@profile.command("identities")
def identities(
    customer_id: Annotated[
        str, typer.Argument(metavar="ID", help="One of the person's ids, or type:value.")
    ],
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Show which ids, addresses and devices are one person, and why.

    Needs `pip install 'limner[serve]'`.

    Example: limner profile identities email:ann@shop.example
    """
    del seed
    with open_store(Workspace(workspace), store) as living:
        found = living.identities.explain(customer_id)
    if as_json:
        emit(asdict(found))
        return
    show(f"known as {found.customer_id}")
    for each in found.identities:
        show(f"  {_name(each)}")
    for pair in found.links:
        one, other = (_name(each) for each in pair["between"])
        void = "" if pair["holds"] else f", void: {pair['reason']}"
        said = ", ".join(f"{row['rule']} {row['at']} by {row['by']}" for row in pair["evidence"])
        show(f"  {one} - {other}{void} ({said})")
    for each in found.blocked:
        show(f"  {_name(each)} joins nobody: {each['reason']}")


@profile.command("merge")
def merge(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="One id.")],
    other_id: Annotated[str, typer.Argument(metavar="OTHER", help="Another of the same person.")],
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Say that two customers are one person; `limner profile unmerge` undoes it.

    Needs `pip install 'limner[serve]'`.

    Example: limner profile merge 1042 2077
    """
    del seed
    with open_store(Workspace(workspace), store) as living:
        person = living.identities.merge(customer_id, other_id, actor=ACTOR)
        show(f"known as {person}: {', '.join(living.identities.ids(person))}")


@profile.command("unmerge")
def unmerge(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="Which id is to go.")],
    other_id: Annotated[str, typer.Argument(metavar="OTHER", help="From whose person.")],
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Take an id off a person; the links that are undone stay so.

    Needs `pip install 'limner[serve]'`.

    Example: limner profile unmerge a1 u42
    """
    del seed
    with open_store(Workspace(workspace), store) as living:
        for one, other in living.identities.unmerge(customer_id, other_id, actor=ACTOR):
            show(f"undone: {one} - {other}")


def _name(told: Mapping[str, Any]) -> str:
    return f"{told['type']}:{told['value']}"


@profile.callback(invoke_without_command=True)
def _say_how(context: typer.Context) -> None:
    """Show what is known of a customer."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
