"""The block of taste: one space for all moments, blind to what comes, the same each time."""

from datetime import timedelta

import numpy as np
import pytest

from limner.dataset.ledger import Ledger
from limner.errors import BadConfig, NotFitted, TooFew
from limner.model.blocks.collaborative import CollaborativeBlock, CollaborativeConfig
from shops import START, Shop, a_catalogue, a_lively_shop, a_log, an_event, planted

CUT = START + timedelta(days=100)
SMALL = CollaborativeConfig(dim=6)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=60, days=130, seed=7)


@pytest.fixture(scope="module")
def ledger(shop):
    return Ledger.of(shop)


@pytest.fixture(scope="module")
def block(ledger):
    return CollaborativeBlock(SMALL).fit(ledger, before=CUT)


def two_tastes(customers=40):
    """Return a shop where even customers buy tea things, odd ones coffee things."""
    rows = []
    for customer in range(customers):
        thing = ("tea", "cof")[customer % 2]
        for number in range(6):
            item = f"{thing}{(customer // 2 + number) % 8}"
            rows.append(an_event(f"c{customer:02}", number, item=item))
    items = {f"{thing}{one}": (None, None) for thing in ("tea", "cof") for one in range(8)}
    return Shop(a_log(rows), catalogue=a_catalogue(items), buckets=2)


def test_like_tastes_lie_near_each_other_though_nothing_was_shared():
    ledger = Ledger.of(two_tastes())
    made = CollaborativeBlock(CollaborativeConfig(dim=2)).fit(ledger, before=CUT)
    found = made.at(ledger, CUT)
    taste = np.array([int(who[1:]) % 2 for who in ledger.customers[found.customers]])
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    same = taste[:, None] == taste[None, :]
    assert alike[same].min() > 0.9
    assert alike[~same].max() < 0.1


def test_it_is_blind_to_what_comes(shop, ledger, block):
    later = Ledger.of(shop.also(planted(100)))
    again = CollaborativeBlock(SMALL).fit(later, before=CUT)
    assert again.version == block.version
    for cut in (CUT, CUT - timedelta(days=40)):
        one, other = block.at(ledger, cut), again.at(later, cut)
        assert one.vectors.tobytes() == other.vectors.tobytes()
        assert one.coverage == other.coverage
        assert ledger.customers[one.customers].tolist() == later.customers[other.customers].tolist()


def test_what_was_learned_once_speaks_of_any_moment(ledger, block):
    """A customer who did nothing in between only fades, so the taste points the same way."""
    early, late = block.at(ledger, CUT), block.at(ledger, CUT + timedelta(days=20))
    assert early.version == late.version
    assert early.dim == late.dim == 6
    both = np.intersect1d(early.customers, late.customers)
    one, other = early.of(both), late.of(both)
    cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert np.median(cosine) > 0.9
    assert len(late) >= len(early)


def test_how_the_log_is_cut_into_buckets_moves_nothing_but_the_last_digits(shop, ledger, block):
    other = Ledger.of(shop.cut_into(5))
    again = CollaborativeBlock(SMALL).fit(other, before=CUT).at(other, CUT)
    here = block.at(ledger, CUT)
    place = {who: row for row, who in enumerate(ledger.customers[here.customers])}
    rows = [place[who] for who in other.customers[again.customers]]
    np.testing.assert_allclose(again.vectors, here.vectors[rows], atol=1e-4)


def test_whoever_met_nothing_with_a_name_has_no_vector():
    shop = two_tastes().also(
        a_log([an_event("new", 3, item="stranger"), an_event("zen", 3, kind="message")])
    )
    ledger = Ledger.of(shop)
    found = CollaborativeBlock(SMALL).fit(ledger, before=CUT).at(ledger, CUT)
    assert len(found) == 40
    assert found.coverage == pytest.approx(40 / 42)
    assert not {"new", "zen"} & set(ledger.customers[found.customers].tolist())


def test_returns_and_messages_say_nothing_of_taste():
    shop = two_tastes()
    sent_back = [an_event("c00", 9, kind="return", item="cof1", order_id="r")]
    one, other = (Ledger.of(each) for each in (shop, shop.also(a_log(sent_back))))
    vectors = [
        CollaborativeBlock(SMALL).fit(each, before=CUT).at(each, CUT).vectors
        for each in (one, other)
    ]
    np.testing.assert_array_equal(*vectors)


def test_a_log_of_returns_alone_has_nothing_to_learn_from():
    shop = Shop(a_log([an_event(f"c{one}", 1, kind="return", item="milk") for one in range(9)]))
    with pytest.raises(TooFew, match="no item, category or brand was met by 5 customers"):
        CollaborativeBlock().fit(Ledger.of(shop), before=CUT)


def test_before_the_first_event_nobody_has_it(ledger, block):
    found = block.at(ledger, START - timedelta(days=1))
    assert found.vectors.shape == (0, 6)
    assert found.coverage == 0.0
    with pytest.raises(TooFew):
        CollaborativeBlock(SMALL).fit(ledger, before=START - timedelta(days=1))


def test_of_many_customers_some_are_drawn_by_name(shop, ledger):
    few = SMALL.model_copy(update={"learners": 30})
    made = CollaborativeBlock(few).fit(ledger, before=CUT)
    assert len(made.at(ledger, CUT)) > 50
    later = Ledger.of(shop.also(planted(100)))
    assert CollaborativeBlock(few).fit(later, before=CUT).version == made.version
    assert CollaborativeBlock(few, seed=1).fit(ledger, before=CUT).version != made.version


def test_what_was_saved_gives_the_same_numbers(ledger, block, tmp_path):
    block.save(tmp_path / "taste")
    again = CollaborativeBlock.load(tmp_path / "taste")
    assert again.version == block.version
    assert again.at(ledger, CUT).vectors.tobytes() == block.at(ledger, CUT).vectors.tobytes()


def test_it_asks_to_be_fitted_first(ledger, tmp_path):
    for ask in (
        lambda: CollaborativeBlock().at(ledger, CUT),
        lambda: CollaborativeBlock().version,
        lambda: CollaborativeBlock().save(tmp_path),
    ):
        with pytest.raises(NotFitted, match="fit"):
            ask()


def test_one_scale_keeps_what_weighs_little_small(ledger, block):
    vectors = block.at(ledger, CUT).vectors
    scores = block.normaliser().fit(vectors)(vectors)
    np.testing.assert_allclose(
        scores.std(axis=0) / scores.std(axis=0)[0],
        vectors.std(axis=0) / vectors.std(axis=0)[0],
        rtol=1e-4,
    )


def test_a_misspelt_setting_is_named():
    with pytest.raises(BadConfig, match="half_lifes"):
        CollaborativeConfig.read({"half_lifes": 3})
