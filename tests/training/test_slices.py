"""Little-known customers, new items, and the last cut against the first."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from limner.training import metrics, ranking_metrics
from limner.training.scoring import FOREMOST, score
from limner.training.slices import DRIFT, SLICES, last_against_first, score_slices

ORDERS = np.repeat([0, 1, 2, 3, 4, 5, 40], [40, 360, 60, 60, 60, 110, 110])


def known(answers):
    return replace(answers, orders=ORDERS)


def by_slice(answers, method="automatic"):
    rows = score_slices(answers, seed=0, resamples=50)
    return {row.slice: row for row in rows if row.method == method}


def test_every_customer_stands_in_one_slice():
    counts = np.arange(200)
    slices = np.stack([belongs(counts) for belongs in SLICES.values()])
    assert (slices.sum(axis=0) == 1).all()
    assert list(SLICES) == ["orders:0", "orders:1", "orders:2-4", "orders:5+"]
    assert slices.sum(axis=1)[:3].tolist() == [1, 1, 3]


def test_a_slice_is_scored_as_if_nobody_else_had_been_asked(how_much):
    rows = by_slice(known(how_much))
    assert list(rows) == list(SLICES)
    row, among = rows["orders:1"], ORDERS == 1
    typical = how_much.predictions["automatic"][among, 1]
    assert row.metric == FOREMOST["how_much"]
    assert row.value == pytest.approx(metrics.r2_log(how_much.truth[among], typical))
    assert (row.n, row.positives) == (360, (how_much.truth[among] > 0).sum())
    assert row.low <= row.value <= row.high
    assert row.delta is not None


def test_every_method_is_scored_on_every_slice(whether, which):
    for answers in (whether, which):
        rows = score_slices(known(answers), seed=0, resamples=20)
        expected = [(name, method) for name in SLICES for method in answers.methods]
        assert [(row.slice, row.method) for row in rows] == expected


def test_a_slice_of_few_says_so(whether):
    rows = by_slice(known(whether))
    assert rows["orders:0"].value is None
    assert rows["orders:0"].n == 40
    assert "fewer than 200" in rows["orders:0"].too_few


def test_nobody_in_a_slice_is_said(whether, what_next):
    for answers, method in ((whether, "base"), (what_next, "popularity")):
        rows = by_slice(replace(answers, orders=np.full(800, 3)), method)
        assert rows["orders:0"].too_few == "nobody was asked"
        assert (rows["orders:0"].n, rows["orders:0"].value) == (0, None)
        assert rows["orders:2-4"].n == 800


def test_answers_that_do_not_know_the_orders_have_no_slices(whether, what_next):
    assert score_slices(whether, seed=0) == []
    assert score_slices(what_next, seed=0) == []


def test_new_items_are_sought_apart(what_next):
    new = np.arange(40) % 4 == 0
    rankings = replace(what_next, orders=ORDERS, new=new)
    rows = by_slice(rankings, "reranked")
    assert list(rows) == [*SLICES, "items:new", "items:known"]
    assert {rows[name].metric for name in SLICES} == {"ndcg@10"}
    for name, wanted in (("items:new", new), ("items:known", ~new)):
        taken = [
            items[wanted[items]] for items in np.split(what_next.truth, what_next.truth_at[1:-1])
        ]
        shares = [
            np.isin(items, shown[:10]).mean()
            for items, shown in zip(taken, what_next.top["reranked"], strict=True)
            if len(items)
        ]
        assert rows[name].metric == "recall@10"
        assert rows[name].value == pytest.approx(np.mean(shares))
        assert rows[name].positives == len(shares)


def test_both_kinds_of_items_together_are_all_that_was_taken(what_next):
    new = np.arange(40) % 3 == 0
    parts = [what_next.sought_among(new), what_next.sought_among(~new)]
    found = [ranking_metrics.hits(part, "reranked") for part in (what_next, *parts)]
    np.testing.assert_array_equal(found[0].sought, found[1].sought + found[2].sought)
    np.testing.assert_array_equal(found[0].found, found[1].found | found[2].found)


def test_the_last_cut_is_held_against_the_first(whether):
    middle, last = (
        score(replace(whether, cut=whether.cut + timedelta(days=days)), seed=0) for days in (30, 60)
    )
    first = score(whether, seed=0)
    better = [
        replace(row, value=row.value + 0.02, low=row.low + 0.02, high=row.high + 0.02)
        for row in last
    ]
    rows = last_against_first([*better, *first, *middle])
    assert [row.method for row in rows] == list(whether.methods)
    row = rows[-1]
    one = next(row for row in first if row.method == "automatic" and row.metric == "auroc")
    assert (row.slice, row.metric, row.cut) == (DRIFT, "auroc", last[0].cut)
    assert row.delta == pytest.approx(0.02)
    assert row.value == pytest.approx(one.value + 0.02)
    assert row.delta_low < row.delta < row.delta_high
    width = one.high - one.low
    assert width < row.delta_high - row.delta_low < 2 * width


def test_one_cut_has_nothing_to_be_held_against(whether):
    assert last_against_first(score(whether, seed=0, resamples=20)) == []


def test_a_cut_without_figures_leaves_no_difference(rare, whether):
    rows = score(rare, seed=0)
    later = [replace(row, cut=row.cut + timedelta(days=30)) for row in rows]
    found = last_against_first([*rows, *later])
    assert {(row.value, row.delta) for row in found} == {(None, None)}
    figures = [
        replace(row, question="coupon", cut=row.cut + timedelta(days=30))
        for row in score(whether, seed=0, resamples=20)
    ]
    (row,) = (row for row in last_against_first([*rows, *figures]) if row.method == "automatic")
    assert row.value is None
    assert row.too_few == "at the first cut 37 positives, fewer than 200"


def test_the_same_seed_gives_the_same_slices(whether):
    one, other = (score_slices(known(whether), seed=5, resamples=20) for _ in range(2))
    assert one == other
