"""Showing one customer."""

import json

import pytest

from limner.cli.serving import open_store, parts_of
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


def test_customers_are_merged_explained_and_split_again(ask, ingested):
    one, other = Workspace(ingested).log.scan().collect()["customer_id"].unique().sort()[:2]
    with open_store(Workspace(ingested), None) as living:
        parts_of(Workspace(ingested), living).painter.seed()
    done = ask("profile", "merge", other, one, "-w", ingested)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"known as {one}: {one}, {other}")
    told = json.loads(ask("profile", "identities", other, "--json", "-w", ingested).stdout)
    assert [each["value"] for each in told["identities"]] == [one, other]
    shown = ask("profile", "identities", one, "-w", ingested).stdout
    assert f"id:{one} - id:{other} (merge " in shown
    again = ask("profile", "unmerge", other, one, "-w", ingested)
    assert again.stdout.strip() == f"undone: id:{other} - id:{one}"
    assert "void: undone" in ask("profile", "identities", one, "-w", ingested).stdout
    twice = ask("profile", "unmerge", other, one, "-w", ingested)
    assert (twice.exit_code, "two" in twice.stderr) == (2, True)
    assert ask("profile", "identities", "nobody", "-w", ingested).exit_code == 2
