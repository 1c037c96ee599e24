"""Make a workspace from a backup; who was erased stays erased."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, SeedOption
from limner.cli.settings import SUPPRESSED
from limner.errors import BadConfig

__all__ = ["restore"]


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `limner backup` wrote.")],
    workspace: Annotated[
        Path,
        typer.Option(
            "--workspace",
            "-w",
            metavar="DIR",
            help="Where to: a new folder, or an empty one but for suppressed.txt.",
        ),
    ],
    suppressed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Who was erased since the backup: suppressed.txt of the workspace as it was last.",
            show_default=False,
        ),
    ] = None,
    as_it_was: Annotated[
        bool,
        typer.Option(
            "--as-it-was",
            help="Without such a list: whoever was erased after the backup comes back.",
        ),
    ] = False,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Make a workspace from a backup, every file checked; who was erased since is erased again.

    Who that is says the list of the workspace as it was last. Where there is none,
    it must be said that the backup is to be put back as it was.

    Needs `pip install 'limner[serve]'`.

    Example: limner restore ../shop.tar --workspace shop --suppressed suppressed.txt
    """
    from limner.cli.backing import restore as put_back

    del seed
    listed = suppressed is not None or (workspace / SUPPRESSED).is_file()
    if not listed and not as_it_was:
        raise BadConfig(
            "who was erased after the backup must be known, or they come back with it",
            hint="--suppressed FILE, the suppressed.txt of the workspace as it was last; or"
            " --as-it-was, if nobody was erased since",
        )
    if not listed:
        narrate("whoever was erased after this backup is back: erase them again")
    done = put_back(file, workspace, suppressed=suppressed)
    if as_json:
        emit({"folder": str(done.folder), "files": done.files, "erased": done.erased})
    show(f"{done.folder}: {done.files:,} files; {done.erased:,} erased again", aside=as_json)
