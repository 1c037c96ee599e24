# ruff: noqa: RUF001 - the minus sign and the dash are meant
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from limner import plugins
from limner.heads import methods
from limner.training import Scoreboard, score
from limner.training.table import better, figure, heading, plain, render


@pytest.fixture(scope="module")
def board(whether, rare, how_much, what_next):
    asked = (whether, rare, how_much, what_next)
    rows = [row for answers in asked for row in score(answers, seed=0, resamples=50)]
    return Scoreboard.of(rows, seed=0, resamples=50)


def test_plain_text_has_a_block_a_question_and_no_colours(board):
    text = plain(board)
    assert "churn · whether · 30 days from 2017-12-01 · 800 customers" in text
    assert "\x1b" not in text
    for method in ("base", "hand_made", "automatic", "own_frequency"):
        assert f"\n {method}" in text or f"\n{method}" in text


def test_a_question_with_too_few_positives_is_one_line(board):
    assert "too few to say: 37 positives, fewer than 200" in plain(board)


def test_repeat_and_new_items_have_their_own_tables(board):
    assert "days from 2017-12-01 · repeat" in plain(board)
    assert "days from 2017-12-01 · new" in plain(board)


def test_a_terminal_of_eighty_columns_is_wide_enough(board):
    out = StringIO()
    Console(file=out, width=80, force_terminal=True).print(render(board))
    assert "0.0…\n" not in out.getvalue()
    assert "\x1b[32m" in out.getvalue()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.84123, "0.841"), (-0.02, "−0.020"), (12.345, "12.35"), (345.67, "345.7"), (None, "–")],
)
def test_figures_have_the_digits_worth_reading(value, text):
    assert figure(value) == text


def test_a_large_figure_has_no_decimals():
    assert figure(12345.6) == "12346"
    assert figure(0.5, signed=True) == "+0.500"


@pytest.mark.parametrize(
    ("metric", "value", "delta", "verdict"),
    [
        ("auroc", 0.8, 0.1, True),
        ("auroc", 0.8, -0.1, False),
        ("brier", 0.2, -0.1, True),
        ("volume_ratio", 0.95, 0.2, True),
        ("volume_ratio", 1.4, 0.3, False),
    ],
)
def test_what_is_better_depends_on_the_metric(board, metric, value, delta, verdict):
    row = replace(
        board.rows[0],
        metric=metric,
        value=value,
        delta=delta,
        delta_low=delta - 0.01,
        delta_high=delta + 0.01,
    )
    assert better(row) is verdict
    assert better(replace(row, delta_low=-1.0, delta_high=1.0)) is None


def test_who_somebody_is_has_no_days_ahead(board):
    row = replace(board.rows[0], question="age", shape="which", horizon_days=0)
    assert heading(row) == "age · which · as of 2017-12-01"


def test_all_methods_of_a_question_fit_into_eighty_columns(whether, how_much):
    for answers in (whether, how_much):
        shape = answers.shape
        able = [name for name, each in plugins.load_all(methods) if shape in each.shapes]
        every = replace(answers, predictions=dict.fromkeys(able, answers.predictions["automatic"]))
        rows = score(every, seed=0, resamples=20)
        text = StringIO()
        board = Scoreboard.of(rows, seed=0, resamples=20)
        Console(file=text, width=80, color_system=None).print(render(board))
        assert len(able) >= 14
        for row in rows:
            if row.low is not None:
                assert f"{figure(row.low)}…{figure(row.high)}" in text.getvalue()
        assert "volume_rat…" not in text.getvalue()


def test_what_each_modality_adds_follows_its_question(board):
    row = next(row for row in board if row.value is not None)
    added = replace(
        row, modality="text", beside="counts", delta=0.02, delta_low=0.01, delta_high=0.03
    )
    text = plain(replace(board, modalities=(added, replace(added, slice="items:new"))))
    assert f"{row.question} · {row.shape}" in text
    assert "what each modality adds" in text
    assert "+0.020*" in text
    assert "items:new" in text
    assert "what each modality adds" not in plain(board)
