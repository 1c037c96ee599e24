"""What reviews are about: topics that the words themselves make out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from limner.encoders.language.segmenting import words_of
from limner.encoders.language.texts import tidy_texts
from limner.errors import TooFew

__all__ = ["Topics", "learn_topics"]

MOST_TOPICS = 12
TEXTS_A_TOPIC = 30
"""So many texts stand behind a topic at least."""
NAMED_BY = 4
"""So many words name a topic."""
MOST_TEXTS = 50_000
"""Of so many texts at most topics are learned."""
_CHINESE_STOPS = frozenset(
    [
        "的",
        "了",
        "是",
        "我",
        "很",
        "也",
        "在",
        "有",
        "就",
        "都",
        "不",
        "和",
        "还",
        "这",
        "那",
        "没",
        "买",
        "给",
        "到",
        "要",
        "说",
        "看",
        "用",
        "去",
        "会",
        "上",
        "个",
        "一个",
        "没有",
        "但是",
        "不是",
        "可以",
        "自己",
        "什么",
        "这个",
        "那个",
        "非常",
        "比较",
        "感觉",
        "真的",
        "就是",
        "还是",
        "因为",
        "所以",
        "我们",
        "他们",
        "你们",
        "东西",
        "一下",
        "不错",
        "京东",
        "而且",
        "如果",
        "有点",
        "知道",
        "觉得",
        "時候",
        "时候",
        "一直",
        "已经",
    ]
)
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """Topics by name, and what finds them in other texts."""

    names: tuple[str, ...]
    terms: TfidfVectorizer
    parts: NMF

    def read(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the foremost topic of each text (N,); -1 where none of its words is known."""
        if not len(texts):
            return np.zeros(0, np.int64)
        told = self.parts.transform(self.terms.transform(tidy_texts(texts)))
        return np.where(told.max(axis=1) > 0, told.argmax(axis=1), -1).astype(np.int64)


def learn_topics(texts: Sequence[str], *, seed: int = 0, most: int = MOST_TOPICS) -> Topics:
    """Make out topics among N texts, in whichever languages they are written.

    Non-negative factors of TF-IDF (Lee, Seung 1999): each topic is a weighing of words, each text
    a weighing of topics.

    Raises
    ------
    TooFew
        If there are too few texts for two topics.
    """
    told = [each for each in tidy_texts(texts) if each]
    count = min(most, len(told) // TEXTS_A_TOPIC)
    if count < 2:
        raise TooFew(
            f"{len(told):,} texts are too few for topics", hint=f"{2 * TEXTS_A_TOPIC} are enough"
        )
    if len(told) > MOST_TEXTS:
        chosen = np.random.default_rng(seed).permutation(len(told))[:MOST_TEXTS]
        told = [told[at] for at in np.sort(chosen)]
    terms = TfidfVectorizer(
        analyzer=_words, sublinear_tf=True, min_df=5, max_df=0.3, max_features=20_000
    )
    try:
        weighed = terms.fit_transform(told)
    except ValueError:
        raise TooFew("the texts share hardly a word") from None
    parts = NMF(min(count, weighed.shape[1]), init="nndsvda", random_state=seed, max_iter=300)
    parts.fit(weighed)
    words = terms.get_feature_names_out()
    best = np.argsort(-parts.components_, axis=1, kind="stable")[:, :NAMED_BY]
    return Topics(tuple(", ".join(words[row]) for row in best), terms, parts)


def _words(text: str) -> list[str]:
    """Return the words of a text that may name a topic."""
    return [
        word
        for word in words_of(text.lower())
        if len(word) > 1
        and _LETTERS.search(word)
        and word not in ENGLISH_STOP_WORDS
        and word not in _CHINESE_STOPS
    ]
