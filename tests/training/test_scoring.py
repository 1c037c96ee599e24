from dataclasses import replace

import numpy as np
import pytest

from limner.errors import BadConfig
from limner.training import metrics, ranking_metrics
from limner.training.scoring import FOREMOST, METRICS, classes_scored, score


def by_key(rows):
    return {(row.method, row.metric): row for row in rows}


def scored(answers, **more):
    return by_key(score(answers, seed=0, resamples=100, **more))


def test_every_method_has_every_metric(whether, which, how_much, what_next):
    for answers in (whether, which, how_much, what_next):
        rows = score(answers, seed=0, resamples=20)
        assert [(row.method, row.metric) for row in rows] == [
            (method, metric) for method in answers.methods for metric in METRICS[answers.shape]
        ]
        assert FOREMOST[answers.shape] in METRICS[answers.shape]


def test_values_are_the_plain_metrics(whether, how_much):
    rows = scored(whether)
    for metric in METRICS["whether"]:
        plain = getattr(metrics, metric)(whether.truth, whether.predictions["automatic"])
        assert rows["automatic", metric].value == pytest.approx(plain)
    rows = scored(how_much)
    expected, typical = how_much.predictions["automatic"].T
    for metric, said in (
        ("rmse", expected),
        ("spearman", expected),
        ("volume_ratio", expected),
        ("mae", typical),
        ("r2_log", typical),
    ):
        plain = getattr(metrics, metric)(how_much.truth, said)
        assert rows["automatic", metric].value == pytest.approx(plain)


def test_which_takes_the_first_fifty_classes_with_both_outcomes(which):
    chosen = classes_scored(which.truth)
    assert chosen.tolist() == [at for at in range(50) if at != 4]
    rows = scored(which)
    truth, said = which.truth[:, chosen], which.predictions["automatic"][:, chosen]
    row = rows["automatic", "auroc"]
    assert row.value == pytest.approx(metrics.mean_auroc(truth, said))
    assert row.positives == truth.sum()
    for metric in ("average_precision", "brier", "ece"):
        plain = getattr(metrics, metric)(truth.ravel(), said.ravel())
        assert rows["automatic", metric].value == pytest.approx(plain)


def test_rankings_are_averaged_over_customers_with_such_truth(what_next):
    rows = scored(what_next)
    found = ranking_metrics.hits(what_next, "reranked", "new")
    row = rows["reranked", "ndcg@10:new"]
    assert row.value == pytest.approx(found.ndcg[found.sought > 0].mean())
    assert row.positives == (found.sought > 0).sum()
    assert rows["reranked", "coverage@10"].value == ranking_metrics.coverage(what_next, "reranked")


def test_every_interval_holds_its_value(whether, which, how_much, what_next):
    for answers in (whether, which, how_much, what_next):
        for row in score(answers, seed=0, resamples=200):
            if row.value is None:
                continue
            assert row.low <= row.value <= row.high
            assert row.delta_low <= row.delta <= row.delta_high


def test_the_delta_is_paired(whether):
    rows = scored(whether)
    row, reference = rows["automatic", "auroc"], rows["hand_made", "auroc"]
    assert row.delta == pytest.approx(row.value - reference.value)
    assert row.delta_high - row.delta_low < row.high - row.low
    assert row.differs
    assert (reference.delta, reference.delta_low, reference.delta_high) == (0, 0, 0)
    assert not reference.differs


def test_items_are_held_against_own_frequency(what_next):
    rows = scored(what_next)
    assert rows["own_frequency", "ndcg@10"].delta == 0
    assert rows["reranked", "ndcg@10"].delta > 0


def test_another_reference_may_be_named(whether):
    assert scored(whether, reference="base")["base", "auroc"].delta == 0
    with pytest.raises(BadConfig, match="one of base, hand_made, automatic, got 'ease'"):
        score(whether, seed=0, reference="ease")


def test_below_two_hundred_positives_there_is_no_figure(rare):
    for row in score(rare, seed=0):
        assert (row.value, row.low, row.high, row.delta) == (None, None, None, None)
        assert (row.n, row.positives) == (800, 37)
        assert row.too_few == "37 positives, fewer than 200"


def test_a_constant_has_no_rank_correlation_but_says_so(how_much):
    row = scored(how_much)["base", "spearman"]
    assert row.value is None
    assert "all alike" in row.too_few


def test_a_rank_correlation_is_not_held_against_a_reference_without_one(how_much):
    row = scored(how_much, reference="base")["automatic", "spearman"]
    assert row.value is not None
    assert row.delta is None


def test_the_same_seed_gives_the_same_rows(whether):
    assert score(whether, seed=4, resamples=50) == score(whether, seed=4, resamples=50)
    first = score(whether, seed=4, resamples=50)[0]
    again = score(whether, seed=5, resamples=50)[0]
    assert first.value == again.value


def test_shuffled_answers_are_chance(whether):
    rng = np.random.default_rng(0)
    shuffled = type(whether)(
        **{
            name: getattr(whether, name)
            for name in ("question", "shape", "horizon_days", "cut", "customers", "truth")
        },
        predictions={"automatic": rng.permutation(whether.predictions["automatic"])},
    )
    row = scored(shuffled)["automatic", "auroc"]
    assert row.low < 0.5 < row.high
    assert row.delta is None


def test_some_metrics_alone_are_what_they_are_among_all(whether, what_next):
    for answers, wanted in ((whether, {"brier", "auroc"}), (what_next, {"recall@10:new"})):
        few = score(answers, seed=0, resamples=30, metrics=wanted, part="orders:1")
        all_of_them = score(answers, seed=0, resamples=30)
        assert {row.slice for row in few} == {"orders:1"}
        same = [replace(row, slice="all") for row in few]
        assert same == [row for row in all_of_them if row.metric in wanted]
