"""Figures as HTML."""

from dataclasses import replace

import pytest

from limner.training.cells import cell, delta, interval, modalities_table, slices_table, why
from limner.training.scoring import score


@pytest.fixture(scope="module")
def row(whether):
    rows = score(whether, seed=0, resamples=30)
    return next(each for each in rows if (each.method, each.metric) == ("automatic", "auroc"))


def added(row, modality="text", beside="counts", **more):
    return replace(row, method="fused", modality=modality, beside=beside, **more)


def test_a_cell_holds_value_interval_and_difference(row):
    html = cell(row)
    assert html.startswith(f'<span class="v">{row.value:.3f}</span>')
    assert interval(row) in html
    assert delta(row) in html
    assert cell(replace(row, value=None)) == "–"  # noqa: RUF001 - the dash is meant


def test_why_there_is_no_value(row):
    assert "fewer than 200" in why(replace(row, positives=3))[0]
    assert "alike" in why(replace(row, positives=500))[0]
    assert why(replace(row, n=0))[0] == "nobody was asked"


def test_no_rows_are_no_table():
    assert modalities_table([]) == slices_table([]) == ""


def test_what_each_modality_adds_stands_by_what_it_stands_beside(row):
    better = {"delta": 0.0321, "delta_low": 0.01, "delta_high": 0.05}
    rows = [
        added(row, **better),
        added(row, "image", delta=-0.002, delta_low=-0.01, delta_high=0.01),
        added(row, beside="others", delta=-0.03, delta_low=-0.04, delta_high=-0.01),
        added(row, slice="orders:0", value=None, delta=None, too_few="few"),
        added(row, slice="items:new", metric="recall@10", **better),
    ]
    html = modalities_table(rows)
    assert html.count("<table>") == 2
    assert "beside what was counted" in html
    assert "在其余全部模态之外" in html
    assert '<span class="v up">+0.032 ▲</span>' in html
    assert '<span class="v down">−0.030 ▼</span>' in html  # noqa: RUF001 - the minus is meant
    assert "items new to the shop" in html
    assert "no order before" not in html


def test_where_nothing_could_be_measured_it_says_why(row):
    html = modalities_table([added(row, value=None, delta=None, positives=7)])
    assert "<table>" not in html
    assert "7 positives, fewer than 200" in html
