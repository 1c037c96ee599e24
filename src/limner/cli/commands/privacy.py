"""What customers ask of a shop: to see what is held on them, and to be erased."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, emit_to, narrate, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.outputs import demand_file
from limner.cli.serving import eraser_of, open_store
from limner.cli.workspace import Workspace

__all__ = ["privacy"]

_ACTOR = "command line"

privacy = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="What is held on a customer: shown, or erased. Needs `pip install 'limner[serve]'`.",
)


@privacy.command("export")
def export(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="Whose.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write it as JSON; - is stdout.")
    ] = Path("-"),
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Write down all that is held on a customer, store by store.

    Example: limner privacy export u42 --out u42.json
    """
    del seed
    demand_file(out, option="--out")
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        eraser = eraser_of(shop, living)
        try:
            request = eraser.ask("access", customer_id, actor=_ACTOR)
            found = eraser.export(customer_id)
            eraser.book.answered(request)
        finally:
            eraser.book.close()
    emit_to(found, out)
    held = {name: len(rows) for name, rows in found["database"].items()}
    held |= {f"log/{name}": len(rows) for name, rows in found.get("log", {}).items()}
    held |= {name: len(rows) for name, rows in found.get("files", {}).items()}
    narrate("rows: " + ", ".join(f"{name} {count:,}" for name, count in held.items()))


@privacy.command("erase")
def erase(
    customer_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]…",
            help="Whom. None: finish what was begun, and erase again whoever came back with an"
            " older copy of the data.",
            show_default=False,
        ),
    ] = None,
    allow_return: Annotated[
        bool,
        typer.Option(
            "--allow-return",
            help="Let new events of them in afterwards; without, they are refused as erased.",
        ),
    ] = False,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Erase customers from events, profiles, vectors, rejects and the log, with a receipt.

    It cannot be taken back. Killed on the way, it is finished by `limner privacy erase`.

    Example: limner privacy erase u42
    """
    del seed
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        eraser = eraser_of(shop, living)
        try:
            if customer_ids:
                for each in customer_ids:
                    eraser.ask("erase", each, actor=_ACTOR, allow_return=allow_return)
                done = eraser.resume(actor=_ACTOR)
            else:
                done = eraser.resume(actor=_ACTOR) + eraser.again(actor=_ACTOR)
        finally:
            eraser.book.close()
    receipts = [dict(each.receipt or {}) for each in done]
    if as_json:
        emit(receipts)
    for receipt in receipts:
        gone = {name: rows for name, rows in receipt["counts"].items() if rows}
        show(f"receipt {receipt['request']}, subject {receipt['subject']}", aside=as_json)
        show("  searched: " + ", ".join(receipt["searched"]), aside=as_json)
        told = ", ".join(f"{name} {rows:,}" for name, rows in gone.items())
        show(f"  erased: {told or 'nothing was held'}", aside=as_json)
        for kept in receipt["kept"]:
            show(f"  kept: {kept['store']}: {kept['why']}", aside=as_json)
    narrate(f"{len(done)} erased" if done else "there was nothing to erase")
