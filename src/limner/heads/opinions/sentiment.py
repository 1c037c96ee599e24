"""How well somebody speaks: learned from the stars that came with the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from limner.encoders.language.texts import tidy_texts
from limner.errors import TooFew
from limner.heads.language.task import TextTask
from limner.heads.language.words import WordsHead

__all__ = ["Judge", "RatingJudge", "learn_judge"]

Floats = NDArray[np.float64]

GOOD, BAD = 4.0, 2.0
"""From so many stars on a review praises, and up to so many it blames; what lies between does not
teach."""
LEAST_EACH = 30
"""So many of either kind are needed."""
LEAST_DIFFERENT = 20
"""So many different texts of either kind are needed."""


class Judge(Protocol):
    """Says how well texts speak."""

    def read(self, texts: Sequence[str]) -> Floats:
        """Return how likely each text praises (N,), in [0, 1]; NaN where nobody can say."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RatingJudge:
    """A linear head upon words, and what its scores mean.

    ``scale`` and ``shift`` bring scores to log odds (Platt 1999), by texts that did not teach;
    ``auroc`` is what these say of it, and ``taught`` how many texts taught.
    """

    words: WordsHead
    scale: float
    shift: float
    auroc: float
    taught: int

    def read(self, texts: Sequence[str]) -> Floats:
        """Return how likely each text praises (N,), in [0, 1]; NaN where no word is known."""
        told = tidy_texts(texts)
        if not told:
            return np.zeros(0)
        rows = [(each,) for each in told]
        scores = self.words.scores(rows)[:, 1].astype(np.float64)
        said = 1 / (1 + np.exp(-(self.scale * scores + self.shift)))
        return np.where(self.words.knows(rows), said, np.nan)


def learn_judge(texts: Sequence[str], ratings: Floats, *, seed: int = 0) -> RatingJudge:
    """Learn from N rated texts.

    Raises
    ------
    TooFew
        If there are hardly any that praise, or hardly any that blame.
    """
    told = tidy_texts(texts)
    plain = np.array([bool(each) for each in told]) & ((ratings >= GOOD) | (ratings <= BAD))
    rows = np.flatnonzero(plain)
    good = ratings[rows] >= GOOD
    if min(int(good.sum()), int((~good).sum())) < LEAST_EACH:
        raise TooFew(
            f"{int(good.sum()):,} reviews praise and {int((~good).sum()):,} blame: at least "
            f"{LEAST_EACH} of each must teach what is what",
            hint="limner reviews --model DIR, a model that limner language finetune tuned",
        )
    task = TextTask.of("classify", good.astype(int).tolist())
    truth = task.truth(good.astype(int).tolist())
    words = [(told[row],) for row in rows]
    # Texts that are written alike stand on one side. Dealt by what most of each say, so that both
    # kinds are there on either.
    different, place = np.unique(np.array([told[row] for row in rows]), return_inverse=True)
    leans = np.bincount(place, good) / np.bincount(place) >= 0.5
    if min(int(leans.sum()), int((~leans).sum())) < LEAST_DIFFERENT:
        raise TooFew(
            f"only {len(different):,} different texts came with stars that praise or blame, and "
            f"{LEAST_DIFFERENT} of each are needed",
            hint="limner reviews --model DIR, a model that limner language finetune tuned",
        )
    order = np.random.default_rng(seed).permutation(len(different))
    order = order[np.argsort(leans[order], kind="stable")]
    held_out = np.zeros(len(different), np.bool_)
    held_out[order[::3]] = True
    teach, asked = np.flatnonzero(~held_out[place]), np.flatnonzero(held_out[place])
    head = WordsHead(task).fit([words[at] for at in teach], truth[teach], seed=seed)
    held = head.scores([words[at] for at in asked])[:, 1]
    platt = LogisticRegression(C=1e6).fit(held[:, None], good[asked])
    if platt.coef_[0, 0] <= 0:
        raise TooFew(
            f"the words of {len(different):,} different texts do not foretell the stars of others",
            hint="limner reviews --model DIR, a model that limner language finetune tuned",
        )
    return RatingJudge(
        words=WordsHead(task).fit(words, truth, seed=seed),
        scale=float(platt.coef_[0, 0]),
        shift=float(platt.intercept_[0]),
        auroc=float(roc_auc_score(good[asked], held)),
        taught=len(rows),
    )
