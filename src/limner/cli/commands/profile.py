"""Show what is known of one customer."""

from typing import Annotated, Literal

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, WorkspaceOption
from limner.cli.tables import card
from limner.cli.workspace import Workspace

__all__ = ["profile"]

profile = typer.Typer(help="Show what is known of a customer.")


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


@profile.callback(invoke_without_command=True)
def _say_how(context: typer.Context) -> None:
    """Show what is known of a customer."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
