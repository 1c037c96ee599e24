"""The command ``limner``: finds the commands, and says a mistake in one line and a hint."""

import errno
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

import limner
from limner import plugins
from limner.cli import commands
from limner.cli.console import complain
from limner.errors import LimnerError

__all__ = ["app", "run"]

_WAY = (
    *("init", "doctor", "ingest", "fit", "evaluate", "profile", "recommend"),
    *(
        "serve",
        "worker",
        "keys",
        "segment",
        "privacy",
        "audit",
        "backup",
        "restore",
        "migrate",
        "items",
        "reviews",
        "pretrain",
        "finetune",
        "embed",
        "language",
        "vision",
        "demo",
    ),
)
"""The order in which help names the commands; whatever is not here follows."""

MISTAKE, STOPPED = 2, 130
"""The exit codes of a user's mistake, and of Ctrl-C."""


class _Commands(TyperGroup):
    """Answers for every command: 0 done, 2 a mistake of the user's, 130 stopped by Ctrl-C."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001 - the ancestor's signature
        windows_expand_args: bool = True,  # noqa: FBT001 - likewise
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        try:
            code = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except LimnerError as error:
            complain(error.message, error.hint)
            code = MISTAKE
        except TyperException as error:
            complain(error.format_message(), f"see {_command_of(error)} --help")
            code = MISTAKE
        except typer.Abort:
            code = STOPPED
        except OSError as error:
            if not _is_the_users(error):
                raise
            complain(_reason(error), _WAYS_OUT.get(error.errno or 0, ""))
            code = MISTAKE
        except Exception as error:
            if not _tells_of_a_broken_file(error):
                raise
            complain(f"a file of the log is damaged: {_first_line(error)}", _RESTORE)
            code = MISTAKE
        if code == STOPPED:
            complain("stopped; whatever was finished before is whole", "run the same again")
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as its ancestor's
        known = super().list_commands(ctx)
        first = [name for name in _WAY if name in known]
        return first + [name for name in known if name not in first]


_RESTORE = "put the folder log/ back from a copy, or remove it and ingest the files again"
_WAYS_OUT = {
    errno.ENOSPC: "make room on the disk, then run the same again",
    errno.EACCES: "see who may read and write there: ls -l",
    errno.EROFS: "choose a folder that can be written to",
    errno.ENOENT: "is it spelt right?",
}


def _command_of(error: TyperException) -> str:
    """Return the command that was meant, as it is called everywhere: ``limner profile show``."""
    context = getattr(error, "ctx", None)
    path = context.command_path.split() if context is not None else []
    return " ".join(["limner", *path[1:]])


def _tells_of_a_broken_file(error: Exception) -> bool:
    """Whether Parquet could not be decoded; any other trouble of polars is a fault of ours."""
    signs = ("par1", "parquet", "zstd", "decompress", "thrift", "corrupt")
    told = str(error).lower()
    return type(error).__module__.startswith("polars.") and any(sign in told for sign in signs)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _is_the_users(error: OSError) -> bool:
    """Whether a file is the matter: missing, forbidden, of the wrong kind, or no room for it."""
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _reason(error: OSError) -> str:
    what = (error.strerror or str(error)).lower()
    return f"{error.filename}: {what}" if error.filename is not None else what


app = typer.Typer(
    cls=_Commands,
    help="From a shop's raw event log to a living profile of every customer.",
    epilog="Begin with: limner demo — or, in your own folder: limner init",
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # square brackets are part of a name, as in limner[torch]
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _welcome(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"limner {limner.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _join() -> None:
    """Add every command of the folder."""
    for name, command in plugins.load_all(commands):
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name.replace("_", "-"))(command)


_join()


def run() -> None:
    """Run the command line and exit."""
    try:
        app(prog_name="limner")
    except KeyboardInterrupt:
        sys.exit(STOPPED)


if __name__ == "__main__":
    run()
