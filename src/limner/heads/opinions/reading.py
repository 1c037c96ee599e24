"""What was written, read: language, feeling, topic and aspects of each text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.tongues import tongues_of
from limner.heads.opinions.aspects import aspects_in, clauses_of
from limner.heads.opinions.sentiment import Judge
from limner.heads.opinions.topics import Topics

__all__ = ["Opinions", "read_opinions"]


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What N texts say.

    ``languages`` codes of two letters, none if unsure; ``sentiments`` (N,) how likely each praises,
    NaN where nobody can say;
    ``topics`` by name, none where nothing is known; ``aspects``, of each text how well it speaks of
    each aspect that it names, in [0, 1].
    """

    languages: tuple[str | None, ...]
    sentiments: NDArray[np.float64]
    topics: tuple[str | None, ...]
    aspects: tuple[dict[str, float], ...]


def read_opinions(texts: Sequence[str], judge: Judge, topics: Topics | None = None) -> Opinions:
    """Read N texts.

    Parameters
    ----------
    texts
        What was written.
    judge
        Says how well texts speak; it is asked of every clause too that names an aspect.
    topics
        None: no topic is told.
    """
    named = [
        (row, clause, aspect)
        for row, text in enumerate(texts)
        for clause in clauses_of(text)
        for aspect in aspects_in(clause)
    ]
    clauses = list(dict.fromkeys(clause for _, clause, _ in named))
    said = dict(zip(clauses, judge.read(clauses).tolist(), strict=True))
    heard: list[dict[str, list[float]]] = [{} for _ in texts]
    for row, clause, aspect in named:
        if not math.isnan(said[clause]):
            heard[row].setdefault(aspect, []).append(said[clause])
    found = topics.read(texts) if topics is not None else np.full(len(texts), -1)
    names = topics.names if topics is not None else ()
    return Opinions(
        languages=tuple(tongue or None for tongue in tongues_of(texts)),
        sentiments=judge.read(texts),
        topics=tuple(names[at] if at >= 0 else None for at in found.tolist()),
        aspects=tuple(
            {name: round(float(np.mean(values)), 4) for name, values in sorted(each.items())}
            for each in heard
        ),
    )
