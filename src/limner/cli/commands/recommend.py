"""Say what to offer a customer next, and why."""

from typing import Annotated, Literal

import typer
from pydantic import TypeAdapter

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, SeedOption, WorkspaceOption
from limner.cli.tables import recommendation_table
from limner.cli.workspace import Workspace
from limner.profiles.record import Recommendation

__all__ = ["recommend"]


def recommend(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The customer's id.")],
    k: Annotated[int, typer.Option("-k", metavar="K", min=1, help="How many items.")] = 10,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Leave out what the customer bought before.")
    ] = False,
    language: Annotated[
        Literal["en", "zh"], typer.Option(metavar="en|zh", help="Of the reasons.")
    ] = "en",
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Name the items to offer a customer next, best first, each with its reason.

    Somebody whom the log does not know is offered what is popular, and so is everybody when their
    own items come to an end.

    Example: limner recommend 1042 -k 5 --json
    """
    del seed
    from limner.apps.recommend import knows

    shop = Workspace(workspace)
    items = shop.recommend(customer_id, k=k, new_only=new_only)
    if len(items) < k:
        narrate(f"note: asked for {k} items, there are {len(items)}")
    if not knows(shop.store, customer_id):
        narrate(f"note: nobody in the log is called {customer_id!r}: this is what is popular")
    if as_json:
        emit(TypeAdapter(list[Recommendation]).dump_python(items, mode="json"))
    else:
        show(recommendation_table(items, language=language))
