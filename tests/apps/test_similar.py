"""Who is alike: by angles and by traits, against figures worked by hand."""

import numpy as np
import pytest

from limner.apps.similar import by_angle, trait_table


def test_the_smallest_angle_is_the_nearest():
    vectors = np.array([[1, 0], [0, 1], [3, 3], [0, 0], [-2, 0]], np.float32)
    order, near = by_angle(vectors, 0)
    assert order.tolist() == [2, 1, 3, 4]
    np.testing.assert_allclose(near, [np.sqrt(0.5), 0, 0, -1], atol=1e-6)


def test_traits_are_on_one_scale_and_what_is_unknown_is_the_mean():
    people = [
        ("ann", {"orders": 1, "spend": np.expm1(1), "vip": True, "same": 4}),
        ("ben", {"orders": 1, "spend": np.expm1(3), "same": 4, "tier": "low"}),
        ("cat", {"orders": np.expm1(np.log1p(1) + 2), "same": 4}),
    ]
    table = trait_table(people)
    assert table.traits == ("orders", "spend")
    np.testing.assert_allclose(table.values.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(table.values[:, 1], [-1, 1, 0], atol=1e-6)
    order, near = table.nearest("ann")
    assert order.tolist() == [1, 2]
    assert near[0] == pytest.approx(1 / (1 + np.sqrt((0 + 4) / 2)))
    assert table.nearest("eve") is None


def test_nobody_is_like_anybody_in_an_empty_shop():
    table = trait_table([])
    assert table.nearest("ann") is None
    alone = trait_table([("ann", {})])
    assert [part.tolist() for part in alone.nearest("ann")] == [[], []]
