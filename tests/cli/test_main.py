"""Help, mistakes, faults and Ctrl-C, as whoever types the command meets them."""

import errno
import json

import polars as pl
import pytest
import typer

import limner
from limner.cli import main
from limner.errors import BadConfig, DiskFull


@pytest.fixture
def failing(monkeypatch):
    """Let ``limner init`` fail in a way of the test's choosing."""
    from limner.cli.workspace import Workspace

    def set_up(error):
        def create(*_, **__):
            raise error

        monkeypatch.setattr(Workspace, "create", create)

    return set_up


def test_help_names_the_commands_in_the_order_in_which_a_shop_needs_them(ask):
    help_text = ask("--help").stdout
    way = ["init", "doctor", "ingest", "fit", "evaluate", "profile", "recommend", "demo"]
    places = [help_text.index(f"│ {name} ") for name in way]
    assert places == sorted(places)


def test_help_keeps_square_brackets(ask):
    assert "'limner[torch]'" in ask("pretrain", "--help").stdout
    assert "[[sources]]" in ask("ingest", "--help").stdout


def test_without_a_command_it_shows_the_help(ask):
    assert ask().exit_code == 0
    assert ask().stdout == ask("--help").stdout
    assert ask("profile").exit_code == 0
    assert "show" in ask("profile").stdout


def test_it_says_its_version(ask):
    assert ask("--version").stdout == f"limner {limner.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["fit", "--cutt", "2024-01-01"], "No such option: --cutt", "see limner fit --help"),
        (["fitt"], "No such command 'fitt'", "see limner --help"),
        (["recommend"], "Missing argument 'ID'", "see limner recommend --help"),
        (["recommend", "u1", "-k", "none"], "valid integer", "see limner recommend --help"),
        (
            ["recommend", "u1", "-k", "0"],
            "greater than or equal to 1",
            "see limner recommend --help",
        ),
        (["profile", "shw"], "No such command 'shw'", "see limner profile --help"),
        (["fit", "--seed", "-1"], "greater than or equal to 0", "see limner fit --help"),
    ],
)
def test_a_wrong_word_is_one_line_and_a_hint(ask, arguments, message, hint):
    result = ask(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert lines[1] == f"  hint: {hint}"


def test_an_error_of_ours_is_one_line_and_its_hint(ask, failing):
    failing(BadConfig("the oven must be hot,\ngot cold", hint="heat it"))
    result = ask("init")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: the oven must be hot, got cold\n  hint: heat it\n"


def test_a_full_disk_is_no_fault_of_ours(ask, failing):
    failing(DiskFull("no room for the log", hint="make some"))
    assert ask("init").exit_code == 2
    failing(OSError(errno.ENOSPC, "No space left on device"))
    result = ask("init")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: no space left on device\n  hint: make room")


def test_a_forbidden_file_is_named(ask, failing):
    failing(PermissionError(errno.EACCES, "Permission denied", "/shop/limner.toml"))
    result = ask("init")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: /shop/limner.toml: permission denied",
        "  hint: see who may read and write there: ls -l",
    ]


def test_ctrl_c_is_one_line_and_130(ask, failing):
    failing(KeyboardInterrupt())
    result = ask("init")
    assert result.exit_code == 130
    assert result.stderr.startswith("error: stopped; whatever was finished before is whole\n")


def test_whoever_asks_from_python_gets_the_code(ask, failing):
    failing(BadConfig("no"))
    assert typer.main.get_command(main.app).main(["init"], standalone_mode=False) == 2


def test_a_fault_of_ours_is_not_hidden(ask, failing):
    failing(ZeroDivisionError("ours"))
    result = ask("init")
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)


def test_nothing_is_drawn_in_a_pipe(really, tmp_path):
    result = really("init", "--workspace", tmp_path / "shop", "--json", FORCE_COLOR="1")
    assert result.returncode == 0
    assert json.loads(result.stdout)["workspace"] == str(tmp_path / "shop")
    assert "\x1b" not in result.stderr


def test_a_command_finds_the_workspace_from_a_folder_inside_it(really, empty):
    inside = empty / "a" / "b"
    inside.mkdir(parents=True)
    result = really("fit", cwd=inside)
    assert result.returncode == 2
    assert "has no log yet" in result.stderr


def test_without_a_workspace_it_says_how_to_make_one(really, tmp_path):
    result = really("fit", cwd=tmp_path)
    assert result.returncode == 2
    assert "there is no limner.toml" in result.stderr
    assert "limner init" in result.stderr


def test_a_reader_that_goes_away_is_no_fault(really, empty, tmp_path):
    """``limner … | head`` must not end in a traceback."""
    code = (
        "import os, sys; read, write = os.pipe(); os.close(read); os.dup2(write, 1);"
        "from limner.cli.main import run; run()"
    )
    result = really("--help", code=code)
    assert "Traceback" not in result.stderr


def test_a_damaged_log_is_a_mistake_with_a_way_out(ask, quick):
    bucket = max((quick / "log" / "buckets").iterdir())
    bucket.write_bytes(bucket.read_bytes()[:100])
    result = ask("fit", "--workspace", quick)
    assert result.exit_code == 2
    assert "error: a file of the log is damaged" in result.stderr
    assert "hint: put the folder log/ back" in result.stderr


def test_a_fault_of_ours_is_not_called_a_damaged_log(ask, failing):
    failing(pl.exceptions.ColumnNotFoundError("no such column"))
    assert isinstance(ask("init").exception, pl.exceptions.ColumnNotFoundError)
