"""Topics are what the words make out, and any text belongs to one or to none."""

import numpy as np
import pytest

from limner.errors import TooFew
from limner.heads.opinions.topics import learn_topics

WORDS = (
    ("battery", "screen", "charger", "tablet"),
    ("酒店", "房间", "早餐", "前台"),
    ("novel", "chapter", "author", "plot"),
)


def some(count, *, seed=0):
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 3, count)
    blank = {0: " ", 1: "", 2: " "}
    return [blank[at].join(rng.choice(WORDS[at], 3)) for at in topic], topic


def test_texts_that_share_words_share_a_topic():
    texts, topic = some(300)
    topics = learn_topics(texts, most=3)
    assert len(topics.names) == 3
    found = topics.read(texts)
    assert len(set(zip(topic.tolist(), found.tolist(), strict=True))) == 3
    (named,) = [name for name in topics.names if "酒店" in name or "房间" in name]
    assert set(named.split(", ")) <= set(WORDS[1])
    assert topics.read(["nothing of this", ""]).tolist() == [-1, -1]
    assert topics.read([]).shape == (0,)


def test_the_same_texts_have_the_same_topics():
    texts, _ = some(200)
    assert learn_topics(texts).names == learn_topics(texts).names


def test_a_few_texts_are_none():
    with pytest.raises(TooFew, match="10 texts are too few"):
        learn_topics(some(10)[0])
    with pytest.raises(TooFew, match="share hardly a word"):
        learn_topics([f"{at:05}x" for at in range(100)])
