"""Learning from the command line."""

import json


def test_it_says_what_it_learned_as_json(ask, quick):
    result = ask(
        "fit",
        "--workspace",
        quick,
        "--cut",
        "2024-05-01",
        "--question",
        "churn",
        "--seed",
        "4",
        "--json",
    )
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["as_of"] == "2024-05-01T00:00:00+00:00"
    assert said["profiles"] > 100
    assert "churn" in said["questions"]
    assert "next: limner profile show" in result.stderr


def test_a_cut_that_is_no_date_is_a_mistake(ask, ingested):
    result = ask("fit", "--workspace", ingested, "--cut", "tomorrow")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: a cut must be a date or a time, got 'tomorrow'")


def test_a_cut_before_the_log_is_a_mistake(ask, ingested):
    result = ask("fit", "--workspace", ingested, "--cut", "2000-01-01")
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_before_an_ingest_it_says_what_to_do(ask, empty):
    result = ask("fit", "--workspace", empty)
    assert result.exit_code == 2
    assert "limner ingest FILE" in result.stderr


def test_an_unknown_question_is_a_mistake_with_a_guess(ask, ingested):
    result = ask("fit", "--workspace", ingested, "--question", "chrun")
    assert result.exit_code == 2
    assert "it asks churn, spend, next_item" in result.stderr
    assert "did you mean 'churn'?" in result.stderr
