"""Bars on a terminal; in a pipe silence, and a line now and then of what takes long."""

import io

import pytest

from limner.cli.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_pipe_nothing_is_drawn(capsys):
    with bar("reading") as tell:
        tell("a", 0.5)
    assert capsys.readouterr() == ("", "")


def test_in_a_pipe_what_takes_long_says_each_minute_how_far_it_is(capsys, monkeypatch):
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with bar("pretraining") as tell:
        for second in range(1, 151):
            now = float(second)
            tell("epoch [1]\x1b[2J", second / 200)
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(", ")[-1] for line in said.err.splitlines()] == ["30%", "60%"]
    assert said.err.startswith("pretraining: epoch [1]")
    assert "\x1b" not in said.err


def test_colours_asked_for_do_not_make_a_pipe_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with bar("reading") as tell:
        tell("a", 0.5)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_it_says_what_is_done_and_cleans_up(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with bar("reading [x]") as tell:
        tell("orders\x1b[2J.csv", 0.25)
        tell("orders.csv", 1.0)
    drawn = terminal.getvalue()
    assert "reading [x]: orders.csv" in drawn
    assert "100%" in drawn
    assert "\x1b[2J.csv" not in drawn


def test_a_dumb_terminal_gets_no_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with bar("reading") as tell:
        tell("a", 0.5)
    assert terminal.getvalue() == ""


def test_an_error_inside_passes_through(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with pytest.raises(ZeroDivisionError), bar("dividing"):
        1 / 0  # noqa: B018
