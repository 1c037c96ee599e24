"""The block of words: blind to what comes, one space for all moments, new items on their first day."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from limner.dataset.ledger import Ledger
from limner.errors import NotFitted, TooFew
from limner.events.event import CATALOGUE_SCHEMA
from limner.model.blocks.text import TextBlock, TextConfig
from shops import START, Shop, a_log, an_event

CUT = START + timedelta(days=50)
WORDS = ("tea", "cup", "shoe", "lace", "leaf", "boot")


class Reader:
    """Counts words; what it reads is remembered by nobody."""

    version, width = "words", len(WORDS)

    def read(self, texts):
        return np.array([[str(text).count(word) for word in WORDS] for text in texts], np.float32)


def a_shop(*more):
    """Return a shop where even customers buy tea things and odd ones shoes."""
    titles = {"t1": "tea leaf", "t2": "tea cup", "s1": "shoe lace", "s2": "boot lace"}
    titles |= {"new": "tea cup leaf", "bare": None}
    catalogue = pl.DataFrame(
        [
            dict.fromkeys(CATALOGUE_SCHEMA.names()) | {"item_id": item, "title": title}
            for item, title in titles.items()
        ],
        schema=CATALOGUE_SCHEMA,
    )
    rows = [
        an_event(f"c{who}", day + who / 10, item=("t", "s")[who % 2] + str(1 + day % 2))
        for who in range(6)
        for day in range(4)
    ]
    rows += [
        an_event("mute", 1, item="bare"),
        an_event("writer", 2, "review", text="a fine tea cup"),
    ]
    return Shop(a_log([*rows, *more]), catalogue=catalogue, buckets=2)


@pytest.fixture
def block():
    return TextBlock(Reader(), TextConfig(dim=3)).fit(Ledger.of(a_shop()), before=CUT)


def test_who_meets_and_writes_alike_lies_near(block):
    ledger = Ledger.of(a_shop())
    found = block.at(ledger, CUT)
    who = ledger.customers[found.customers].tolist()
    assert "mute" not in who
    assert found.coverage == pytest.approx(7 / 8)
    near = found.vectors @ found.vectors.T
    assert np.allclose(np.diag(near), 1, atol=1e-5)
    tea = np.array([name == "writer" or (name[0] == "c" and int(name[1]) % 2 == 0) for name in who])
    assert near[np.ix_(tea, tea)].min() > 0.5
    assert near[np.ix_(tea, ~tea)].max() < 0


def test_it_is_blind_to_what_comes(block):
    later = a_shop(
        an_event("c0", 50, item="s1"),
        an_event("c0", 60, "review", text="shoe shoe boot"),
        an_event("c9", 55, item="t1"),
    )
    ledger, before = Ledger.of(later), Ledger.of(a_shop())
    again = TextBlock(Reader(), TextConfig(dim=3)).fit(ledger, before=CUT)
    assert again.version == block.version
    one, other = block.at(before, CUT), again.at(ledger, CUT)
    assert before.customers[one.customers].tolist() == ledger.customers[other.customers].tolist()
    assert np.array_equal(one.vectors, other.vectors)


def test_a_new_item_has_its_vector_on_its_first_day(block):
    ledger = Ledger.of(a_shop())
    items = block.items(ledger)
    place = {name: at for at, name in enumerate(ledger.items.tolist())}
    new = items[place["new"]]
    assert new @ items[place["t2"]] > 0.5 > new @ items[place["s1"]]
    assert not items[place["bare"]].any()


def test_own_words_can_be_left_out():
    ledger = Ledger.of(a_shop())
    made = TextBlock(Reader(), TextConfig(dim=3, own_words=0)).fit(ledger, before=CUT)
    assert "writer" not in ledger.customers[made.at(ledger, CUT).customers]


def test_it_is_the_same_from_its_folder_and_refuses_another_reader(block, tmp_path):
    block.save(tmp_path / "text")
    again = TextBlock.load(tmp_path / "text", Reader())
    ledger = Ledger.of(a_shop())
    assert again.version == block.version
    assert np.array_equal(again.at(ledger, CUT).vectors, block.at(ledger, CUT).vectors)
    other = Reader()
    other.version = "another"
    with pytest.raises(NotFitted, match="another language model"):
        TextBlock.load(tmp_path / "text", other)


def test_it_says_what_it_lacks():
    ledger = Ledger.of(a_shop())
    with pytest.raises(NotFitted):
        TextBlock(Reader()).at(ledger, CUT)
    with pytest.raises(TooFew, match="nobody met an item with a title"):
        TextBlock(Reader()).fit(ledger, before=START)
    assert block_of(ledger).normaliser() is not None


def block_of(ledger):
    return TextBlock(Reader(), TextConfig(dim=2)).fit(ledger, before=CUT)
