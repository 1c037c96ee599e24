"""Columns on one scale: what every normaliser promises, and what each does."""

import numpy as np
import pytest

from limner.errors import BadShape, NotFitted
from limner.model.normaliser import NormalScores, StandardScores

ALL = {
    "ranks": NormalScores,
    "spread": StandardScores,
    "one spread": lambda: StandardScores(each=False),
    "unit": lambda: StandardScores(unit=True),
}


@pytest.fixture(params=ALL, scope="module")
def make(request):
    return ALL[request.param]


@pytest.fixture(scope="module")
def columns():
    """One skewed, one with holes, one of one value, one never known."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, 4)).astype(np.float32)
    table[:, 0] = np.exp(2 * table[:, 0])
    table[rng.random(400) < 0.2, 1] = np.nan
    table[:, 2], table[:, 3] = 7, np.nan
    return table


def test_nothing_is_missing_or_far_off_any_more(make, columns):
    scores = make().fit(columns)
    found = scores(columns)
    assert found.shape == (400, scores.width)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found[:, 2:4].std(axis=0)).max() < 1e-6


def test_rows_are_scored_apart(make, columns):
    scores = make().fit(columns)
    np.testing.assert_array_equal(scores(columns)[7:9], scores(columns[7:9]))
    assert scores(columns[:0]).shape == (0, scores.width)


def test_what_was_saved_gives_the_same_numbers(make, columns, tmp_path):
    scores = make().fit(columns)
    scores.save(tmp_path / "scale")
    assert [each.name for each in tmp_path.iterdir()] == ["scale.npz"]
    again = make().load(tmp_path / "scale")
    assert again(columns).tobytes() == scores(columns).tobytes()


def test_other_columns_than_those_learned_are_refused(make, columns):
    with pytest.raises(BadShape, match=r"\(N, 4\)"):
        make().fit(columns)(columns[:, :3])


def test_it_asks_to_be_fitted_first(make, columns, tmp_path):
    for ask in (
        lambda: make()(columns),
        lambda: make().width,
        lambda: make().save(tmp_path / "scale"),
    ):
        with pytest.raises(NotFitted, match="fit"):
            ask()


def test_ranks_make_a_normal_of_a_skewed_column(columns):
    scores = NormalScores().fit(columns)
    found = scores(columns)
    assert abs(found[:, 0].mean()) < 0.05
    assert 0.9 < found[:, 0].std() < 1.1
    far = columns[:1].copy()
    far[0, 0] = 1e30
    assert scores(far)[0, 0] == pytest.approx(3.0)


def test_a_value_that_comes_often_has_the_middle_of_its_ranks():
    counts = np.array([[0.0]] * 50 + [[1.0]] * 50, np.float32)
    found = NormalScores().fit(counts)(counts)
    assert found[0, 0] == pytest.approx(-0.674, abs=0.02)
    assert found[99, 0] == pytest.approx(0.674, abs=0.02)


def test_a_mark_says_what_was_missing(columns):
    found = NormalScores().fit(columns)(columns)
    assert found.shape == (400, 6)
    np.testing.assert_array_equal(found[:, 4], np.isnan(columns[:, 1]))
    assert found[np.isnan(columns[:, 1]), 1].tolist() == [0.0] * int(np.isnan(columns[:, 1]).sum())


def test_ranks_come_back_from_plain_arrays(columns):
    scores = NormalScores().fit(columns)
    again = NormalScores.from_arrays(scores.to_arrays())
    assert again(columns).tobytes() == scores(columns).tobytes()


def test_spreads_are_each_columns_own_or_one_for_all():
    rng = np.random.default_rng(1)
    table = (rng.normal(size=(1000, 2)) * [1, 10] + [5, -5]).astype(np.float32)
    own = StandardScores().fit(table)(table)
    np.testing.assert_allclose(own.std(axis=0), [1, 1], rtol=1e-4)
    one = StandardScores(each=False).fit(table)(table)
    np.testing.assert_allclose(one.mean(axis=0), [0, 0], atol=1e-4)
    assert one.std(axis=0)[1] / one.std(axis=0)[0] == pytest.approx(10, rel=0.1)
    assert (one**2).mean() == pytest.approx(1, rel=1e-4)


def test_a_row_of_unit_length_tells_where_it_points():
    table = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    scores = StandardScores(unit=True).fit(table)
    far, near = scores(np.array([[30, 40], [0.3, 0.4]], np.float32))
    np.testing.assert_allclose(far, near, rtol=1e-5)
    assert np.linalg.norm(far) == pytest.approx(np.sqrt(2))
