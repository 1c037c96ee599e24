"""Results on stdout, people's matters on stderr, and nothing from a log can drive a terminal."""

import json
from pathlib import Path

import pytest

from limner.cli.console import complain, emit, emit_to, narrate, show, tidy


def test_json_goes_to_stdout_and_is_strict(capsys):
    emit({"name": "客户", "value": 1.5})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "客户", "value": 1.5}
    assert err == ""
    with pytest.raises(ValueError, match="JSON"):
        emit({"value": float("nan")})


def test_what_is_told_goes_to_stderr(capsys):
    narrate("reading")
    assert capsys.readouterr() == ("", "reading\n")


def test_a_result_goes_to_stdout_unless_that_is_for_json(capsys):
    show("card")
    assert capsys.readouterr() == ("card\n", "")
    show("card", aside=True)
    assert capsys.readouterr() == ("", "card\n")


def test_a_complaint_is_one_line_and_a_hint(capsys):
    complain("a\nb", "do\nthis")
    assert capsys.readouterr() == ("", "error: a b\n  hint: do this\n")
    complain("a")
    assert capsys.readouterr().err == "error: a\n"


def test_markup_in_data_is_printed_as_it_is(capsys):
    show("[red]sale[/red] [link=x]")
    assert capsys.readouterr().out == "[red]sale[/red] [link=x]\n"


def test_control_characters_cannot_reach_a_terminal(capsys):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\r"
    assert not set("\x1b\x07\x9b\r") & set(tidy(evil))
    show(evil)
    complain(evil, evil)
    out, err = capsys.readouterr()
    assert not set("\x1b\x07\x9b\r") & set(out + err)


def test_a_long_line_is_not_broken_in_a_pipe(capsys):
    show("x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_json_goes_to_a_file_to_stdout_or_nowhere(tmp_path, capsys):
    emit_to({"a": 1}, None)
    emit_to({"a": 1}, tmp_path / "told.json")
    assert capsys.readouterr().out == ""
    emit_to({"a": 1}, Path("-"))
    told = (tmp_path / "told.json").read_text(), capsys.readouterr().out
    assert [json.loads(each) for each in told] == [{"a": 1}] * 2
