"""Stars teach what praises; whoever did not teach is judged alike, in English and in Chinese."""

# ruff: noqa: RUF001

import numpy as np
import pytest

from limner.errors import TooFew
from limner.heads.opinions.sentiment import learn_judge

PRAISE = ("great value and fast", "love it, works well", "很好，很喜欢", "质量不错，物流很快")
BLAME = ("broke after a day", "terrible, a waste of money", "太差了，失望", "质量很差，退货")


def rated(count, *, seed=0, stars=((5, 4), (1, 2))):
    rng = np.random.default_rng(seed)
    texts, ratings = [], []
    for _ in range(count):
        good = rng.random() < 0.6
        words = PRAISE if good else BLAME
        texts.append(f"{words[rng.integers(4)]} {rng.integers(10)}")
        ratings.append(float(rng.choice(stars[0] if good else stars[1])))
    return texts, np.array(ratings)


def test_it_tells_praise_from_blame():
    judge = learn_judge(*rated(300))
    told = judge.read(["I love it", "a waste", "很喜欢", "太差", ""])
    assert told.shape == (5,)
    assert ((told[:4] >= 0) & (told[:4] <= 1)).all()
    assert told[0] > 0.8
    assert told[1] < 0.2
    assert told[2] > 0.8
    assert told[3] < 0.2
    assert np.isnan(told[4])
    assert np.isnan(judge.read(["zzzqqq", "😀😀"])).all()
    assert judge.auroc > 0.99
    assert judge.taught == 300
    assert judge.read([]).shape == (0,)


def test_what_it_says_is_as_likely_as_it_says():
    rng = np.random.default_rng(1)
    texts = [f"word{rng.integers(3)} filler{rng.integers(40)}" for _ in range(3000)]
    chance = np.array([{"0": 0.9, "1": 0.5, "2": 0.2}[text[4]] for text in texts])
    ratings = np.where(rng.random(3000) < chance, 5.0, 1.0)
    judge = learn_judge(texts, ratings)
    told = [judge.read([f"word{one} filler{at}" for at in range(40)]).mean() for one in range(3)]
    assert told == pytest.approx([0.9, 0.5, 0.2], abs=0.1)


def test_the_same_seed_says_the_same():
    texts, ratings = rated(200)
    one, other = (learn_judge(texts, ratings, seed=3).read(texts[:20]) for _ in range(2))
    assert np.array_equal(one, other)


def test_where_nobody_blames_there_is_nothing_to_learn():
    texts, ratings = rated(200, stars=((5,), (3,)))
    with pytest.raises(TooFew, match="0 blame"):
        learn_judge(texts, ratings)


def test_texts_that_are_written_alike_do_not_flatter():
    """Sixty texts of strange words, each six times with one label that nothing could foretell."""
    rng = np.random.default_rng(0)
    texts = [f"{rng.integers(10**9):x} {rng.integers(10**9):x}" for _ in range(60)]
    ratings = rng.choice([1.0, 5.0], 60)
    try:
        judge = learn_judge(texts * 6, np.tile(ratings, 6))
    except TooFew as refusal:
        assert "do not foretell" in refusal.message  # noqa: PT017 - either will do
    else:
        assert 0.1 < judge.auroc < 0.9


def test_a_handful_of_different_texts_teaches_nothing():
    with pytest.raises(TooFew, match="only 2 different texts"):
        learn_judge(["good", "bad"] * 60, np.tile([5.0, 1.0], 60))
