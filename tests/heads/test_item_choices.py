"""Which settings the validation window prefers."""

import pytest

from asking import a_question
from limner.heads.item_choices import (
    BLENDS,
    RIDGES,
    ease_mixture,
    item_to_item_mixture,
    own_fade,
    popular_fade,
)
from limner.heads.item_shelf import FADES
from shops import Shop, a_lively_shop, a_log, an_event


@pytest.fixture(scope="module")
def study():
    return a_question(a_lively_shop(customers=50, days=140))


def test_choices_come_from_the_grids(study):
    assert popular_fade(study) in range(len(FADES))
    assert own_fade(study) in range(len(FADES))
    beside, ease = item_to_item_mixture(study), ease_mixture(study)
    assert beside.ridge is None
    assert ease.ridge in RIDGES
    for mixture in (beside, ease):
        assert mixture.own in BLENDS
        assert abs(mixture.fade - own_fade(study)) <= 1


def test_a_shop_of_passing_fashions_is_remembered_shortly():
    """Every ten days another item is bought by all; long memories prefer what was bought most."""
    rows = [
        an_event(f"c{one}", 2.0, item="old", order_id=f"o{n}") for one in range(9) for n in range(9)
    ]
    rows += [
        an_event(f"c{one}", float(day), item=f"i{day // 10}")
        for one in range(9)
        for day in range(10, 120, 3)
    ]
    assert FADES[own_fade(a_question(Shop(a_log(rows)), horizon_days=5))] <= 2


def test_without_any_outcome_the_first_setting_stands():
    log = a_log([an_event("ann", 10, kind="view", item="a"), an_event("ben", 100, kind="view")])
    assert popular_fade(a_question(Shop(log))) == 0
