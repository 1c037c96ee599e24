"""What every command takes, said once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "CutOption",
    "HouseOption",
    "LightOption",
    "MapOption",
    "QuestionOption",
    "SeedOption",
    "Sources",
    "StoreOption",
    "WorkspaceOption",
]

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The shop's folder; by default found from the current folder upwards.",
        show_default=False,
    ),
]
HouseOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="A shop's folder, whose limner.toml may have more settings in the table of this"
        " command's name; by default found from the current folder upwards, and none is needed.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", min=0, help="Where chance begins; the same seed, the same answers."
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON on stdout; whatever is for people goes to stderr."),
]
LightOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The folder to write.  [default: DIR-METHOD, beside it]",
        show_default=False,
    ),
]
MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map",
        metavar="FILE",
        help="How columns become ours, as `limner doctor --write` makes it.",
        show_default=False,
    ),
]
QuestionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--question",
        metavar="NAME",
        help="A question to ask; may be given several times.  [default: all of limner.toml]",
        show_default=False,
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE…",
        help="Files, patterns, folders, addresses such as sqlite:///shop.db, or complete-journey.",
        show_default=False,
    ),
]

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where profiles live; by default profiles.db of the workspace.",
        show_default=False,
    ),
]
CutOption = Annotated[
    str | None,
    typer.Option(
        "--cut",
        metavar="DATE",
        help="As of when; only events before it are read.  [default: the end of the log]",
        show_default=False,
    ),
]
