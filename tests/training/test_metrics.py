import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from limner.errors import BadShape
from limner.training import metrics

# Few distinct scores, so that ties are common.
scores = st.integers(0, 8).map(lambda number: number / 8)


@st.composite
def outcomes(draw):
    size = draw(st.integers(2, 40))
    truth = draw(arrays.arrays(np.float64, size, elements=st.sampled_from([0.0, 1.0])))
    truth[:2] = 0, 1
    return truth, draw(arrays.arrays(np.float64, size, elements=scores))


@st.composite
def amounts(draw):
    size = draw(st.integers(3, 40))
    parts = st.floats(0, 1000, width=32)
    truth = draw(arrays.arrays(np.float64, size, elements=parts))
    truth[:2] = 0, 5
    score = draw(arrays.arrays(np.float64, size, elements=parts))
    score[:2] = 3, 1
    return truth, score


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_auroc_counts_pairs(case):
    truth, score = case
    above = score[truth == 1][:, None] - score[truth == 0][None, :]
    assert metrics.auroc(truth, score) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_average_precision_goes_down_the_thresholds(case):
    truth, score = case
    total = 0.0
    for threshold in np.unique(score):
        chosen = score >= threshold
        new = truth[score == threshold].sum()
        total += new * truth[chosen].mean()
    assert metrics.average_precision(truth, score) == pytest.approx(total / truth.sum())


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_ece_without_ties_is_that_of_the_cut_list(case):
    truth, score = case
    truth = np.tile(truth, 15)
    score = np.tile(score, 15) * 0.5 + np.arange(len(truth)) / (2 * len(truth))
    order = np.argsort(score, kind="stable")
    if len(np.unique(score)) < len(score):
        return
    parts = np.split(order, 15)
    naive = np.mean([abs(score[part].mean() - truth[part].mean()) for part in parts])
    assert metrics.ece(truth, score) == pytest.approx(naive)


@settings(deadline=None, max_examples=50)
@given(outcomes(), st.randoms())
def test_the_order_of_customers_does_not_matter(case, random):
    truth, score = case
    order = list(range(len(truth)))
    random.shuffle(order)
    for metric in (
        metrics.auroc,
        metrics.average_precision,
        metrics.brier,
        metrics.ece,
        metrics.lift_top_tenth,
    ):
        assert metric(truth[order], score[order]) == pytest.approx(metric(truth, score))


@settings(deadline=None, max_examples=50)
@given(amounts())
def test_spearman_is_the_correlation_of_mean_ranks(case):
    truth, score = case

    def rank(values):
        below = (values[:, None] > values[None, :]).sum(axis=1)
        return below + ((values[:, None] == values[None, :]).sum(axis=1) + 1) / 2

    naive = np.corrcoef(rank(truth), rank(score))[0, 1]
    assert metrics.spearman(truth, score) == pytest.approx(naive, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_scikit_learn_agrees_on_probabilities(case):
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, score = case
    assert metrics.auroc(truth, score) == pytest.approx(sklearn.roc_auc_score(truth, score))
    assert metrics.average_precision(truth, score) == pytest.approx(
        sklearn.average_precision_score(truth, score)
    )
    assert metrics.brier(truth, score) == pytest.approx(sklearn.brier_score_loss(truth, score))


@settings(deadline=None, max_examples=50)
@given(amounts())
def test_scikit_learn_and_scipy_agree_on_amounts(case):
    sklearn = pytest.importorskip("sklearn.metrics")
    stats = pytest.importorskip("scipy.stats")
    truth, score = case
    assert metrics.rmse(truth, score) == pytest.approx(
        sklearn.root_mean_squared_error(truth, score)
    )
    assert metrics.mae(truth, score) == pytest.approx(sklearn.mean_absolute_error(truth, score))
    assert metrics.r2_log(truth, score) == pytest.approx(
        sklearn.r2_score(np.log1p(truth), np.log1p(score))
    )
    assert metrics.spearman(truth, score) == pytest.approx(
        stats.spearmanr(truth, score).statistic, abs=1e-9
    )


def test_golden_probabilities():
    """Worked by hand: pairs (0.8 > 0.2), (0.8 > 0.6), (0.6 = 0.6), (0.6 > 0.2): 3.5 of 4."""
    truth, said = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.8, 0.6, 0.6, 0.2])
    assert metrics.auroc(truth, said) == 3.5 / 4
    # At 0.8 precision 1/1, at 0.6 it is 2/3: (1 + 2/3) / 2.
    assert metrics.average_precision(truth, said) == pytest.approx(5 / 6)
    # Squares of 0.2, 0.6, 0.4 and 0.2 sum to 0.6, over four.
    assert metrics.brier(truth, said) == pytest.approx(0.15)


def test_golden_amounts():
    """Worked by hand: errors 1, -1, 2; squares 1, 1, 4; sums 8 over 6."""
    truth, said = np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 5.0])
    assert metrics.rmse(truth, said) == pytest.approx(np.sqrt(2))
    assert metrics.mae(truth, said) == pytest.approx(4 / 3)
    assert metrics.volume_ratio(truth, said) == pytest.approx(8 / 6)
    # Ranks 1 2 3 and 2 1 3: 1 - 6 * (1 + 1) / (3 * 8).
    assert metrics.spearman(truth, said) == pytest.approx(0.5)


def test_golden_lift():
    """Ten of a hundred are positive; six stand in the top ten: six times the base rate."""
    truth = np.zeros(100)
    truth[[0, 1, 2, 3, 4, 5, 20, 30, 40, 50]] = 1
    assert metrics.lift_top_tenth(truth, -np.arange(100.0)) == pytest.approx(6)


def test_a_tie_over_the_border_enters_with_its_mean():
    """The top ten of a hundred come from twenty equals, of whom four are positive: 0.2 / 0.04."""
    truth, said = np.zeros(100), np.r_[np.ones(20), np.zeros(80)]
    truth[:4] = 1
    assert metrics.lift_top_tenth(truth, said) == pytest.approx(5)


def test_golden_ece():
    """Thirty customers in fifteen pairs: each pair says 0.5 and half of each comes true, but one."""
    truth = np.tile([0.0, 1.0], 15)
    said = np.repeat(np.linspace(0.40, 0.60, 15), 2)
    expected = np.abs(np.linspace(0.40, 0.60, 15) - 0.5).mean()
    assert metrics.ece(truth, said) == pytest.approx(expected)


def test_a_constant_is_chance():
    truth = np.r_[np.ones(30), np.zeros(70)]
    said = np.full(100, 0.3)
    assert metrics.auroc(truth, said) == 0.5
    assert metrics.average_precision(truth, said) == pytest.approx(0.3)
    assert metrics.ece(truth, said) == pytest.approx(0)
    assert metrics.lift_top_tenth(truth, said) == pytest.approx(1)
    assert np.isnan(metrics.spearman(truth, said))


def test_auroc_without_both_outcomes_does_not_exist():
    assert np.isnan(metrics.auroc(np.ones(3), np.arange(3.0)))
    assert np.isnan(metrics.auroc(np.zeros(3), np.arange(3.0)))


def test_mean_auroc_leaves_out_classes_without_both_outcomes():
    truth = np.array([[0, 1, 0], [1, 1, 0], [0, 1, 1.0]])
    said = np.array([[0.1, 0.2, 0.9], [0.7, 0.3, 0.8], [0.2, 0.4, 0.85]])
    assert metrics.mean_auroc(truth, said) == pytest.approx((1 + 0.5) / 2)
    assert np.isnan(metrics.mean_auroc(truth[:, 1:2], said[:, 1:2]))


def test_negative_truth_counts_as_nothing_in_the_logarithm():
    truth = np.array([-2.0, 0.0, 5.0])
    assert metrics.r2_log(truth, np.array([0.0, 0.0, 5.0])) == 1


def test_shapes_must_agree():
    with pytest.raises(BadShape, match=r"must both be \(N,\), got \(3,\) and \(2,\)"):
        metrics.auroc(np.zeros(3), np.zeros(2))
