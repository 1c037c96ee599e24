"""The audit log: whether it is what was written."""

from typing import Annotated

import typer

from limner.cli.console import emit, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.serving import eraser_of, open_store
from limner.cli.workspace import Workspace
from limner.errors import BadStore

__all__ = ["audit"]

audit = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Who did what to whose data: verified. Needs `pip install 'limner[serve]'`.",
)


@audit.callback()
def _audit() -> None:
    """Hold the commands together, though there is but one."""


@audit.command("verify")
def verify(
    noted: Annotated[
        str | None,
        typer.Option(
            metavar="HEAD",
            help="A head that was noted before, which must still be in the log.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Go through the audit log: a row that was changed, lost or moved is an error.

    Note the head elsewhere, and even a log that was replaced as a whole is found out.

    Example: limner audit verify
    """
    del seed
    shop = Workspace(workspace)
    with open_store(shop, store) as living:
        eraser = eraser_of(shop, living)
        try:
            verdict = eraser.book.audit.verify(noted)
        finally:
            eraser.book.close()
    if as_json:
        told = {"rows": verdict.rows, "head": verdict.head, "trouble": verdict.trouble}
        emit(told | {"good": verdict.good})
    if not verdict.good:
        raise BadStore(
            f"the audit log is not what was written: {verdict.trouble}",
            hint="put it beside an earlier backup; what follows the good rows cannot be trusted",
        )
    show(f"{verdict.rows:,} rows follow each other; head {verdict.head}", aside=as_json)
