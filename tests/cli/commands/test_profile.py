"""Showing one customer."""

import json

import pytest

from limner.cli.workspace import Workspace


@pytest.fixture
def someone(learned):
    return next(Workspace(learned).profiles())


def test_json_is_the_whole_profile_and_nothing_else(ask, learned, someone):
    result = ask("profile", "show", someone.customer_id, "--workspace", learned, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == someone.to_dict()
    assert result.stderr == ""


def test_the_card_comes_in_both_languages(ask, learned, someone):
    english = ask("profile", "show", someone.customer_id, "-w", learned).stdout
    chinese = ask("profile", "show", someone.customer_id, "-w", learned, "--language", "zh").stdout
    assert someone.customer_id in english
    assert english != chinese
    assert "截至" in chinese


def test_an_unknown_customer_is_a_mistake(ask, learned):
    result = ask("profile", "show", "nobody", "--workspace", learned, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "nobody" in result.stderr


def test_before_a_fit_it_says_what_to_do(ask, ingested):
    result = ask("profile", "show", "c001", "--workspace", ingested)
    assert result.exit_code == 2
    assert "limner fit" in result.stderr
