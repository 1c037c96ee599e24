"""A linear head upon the words and characters of a text: quick, and hard to beat where labels are.

A support vector machine (Fan and others 2008) parts the classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from limner.config import Config
from limner.errors import NotFitted
from limner.heads.language.task import TextTask
from limner.heads.language.terms import Cut, Terms

__all__ = ["WordsConfig", "WordsHead"]

Texts = Sequence[Sequence[str]]
"""N texts, or N pairs of texts: each row has one or two."""


class WordsConfig(Config):
    """Which terms are read, and how strongly the head is held back."""

    terms: Cut = "auto"
    """Runs of words beside runs of characters within words, or runs of characters alone; ``auto``:
    the latter for Chinese, which has no blanks."""
    longest_words: int = Field(2, ge=1)
    """Words in a run at most."""
    longest_characters: int = Field(5, ge=1)
    """Characters in a run within a word at most; in Chinese three."""
    most: int = Field(500_000, ge=1)
    """Terms at most, the commonest."""
    penalty: float = Field(1.0, gt=0)
    """Weight of the squared coefficients against the sum of the losses; dimensionless."""


class WordsHead:
    """Scores of a text by its terms.

    Parameters
    ----------
    task
        What is asked.
    config
        How.

    Attributes
    ----------
    coefficients_, shift_
        (K, F) and (K,); set by :meth:`fit`.
    """

    def __init__(self, task: TextTask, config: WordsConfig | None = None) -> None:
        self.task, self.config = task, config or WordsConfig()
        self.terms_ = self._terms()
        self.coefficients_ = np.zeros((0, 0), np.float32)
        self.shift_ = np.zeros(0, np.float32)

    def fit(self, texts: Texts, truth: NDArray[np.float32], *, seed: int = 0) -> Self:
        """Learn from texts and truth, (N, C) or (N,) as the task has it."""
        flat = [each for row in texts for each in row]
        self.terms_ = self._terms().fit(flat, rows=len(texts))
        features = self._features(texts)
        if not self.task.classes:
            model = Ridge(alpha=self.config.penalty, solver="lsqr", random_state=seed)
            model.fit(features, truth)
            self.coefficients_ = model.coef_.reshape(1, -1).astype(np.float32)
            self.shift_ = np.atleast_1d(model.intercept_).astype(np.float32)
            return self
        rows = [
            self._parted(features, truth[:, at] > 0.5, seed=seed) for at in self._asked_classes()
        ]
        self.coefficients_ = np.stack([row for row, _ in rows])
        self.shift_ = np.array([shift for _, shift in rows], np.float32)
        return self

    def scores(self, texts: Texts) -> NDArray[np.float32]:
        """Return how far each text lies on the side of each class: (N, K).

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        """
        if not self.terms_.parts_:
            raise NotFitted("the words have no weights yet", hint="call fit(…) first")
        told = self._features(texts) @ self.coefficients_.T + self.shift_
        if len(self.task.classes) == 2 and self.task.alone:
            return np.asarray(np.concatenate([-told, told], axis=1) / 2, np.float32)
        return np.asarray(told, np.float32)

    def knows(self, texts: Texts) -> NDArray[np.bool_]:
        """Say whether each text holds a known word or run of words (N,).

        Where words are read, runs of characters within them do not count: any word has some.
        """
        first = self.terms_.parts_[0]
        known = [first.transform([row[side] for row in texts]) for side in range(len(texts[0]))]
        found = [np.diff(each.indptr) > 0 for each in known]
        return np.asarray(np.any(found, axis=0), np.bool_)

    def save(self, folder: Path) -> None:
        """Write terms as JSON and weights as arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        rarity = self.terms_.save(folder)
        np.savez_compressed(
            folder / "weights.npz",
            coefficients=self.coefficients_.astype(np.float16),
            shift=self.shift_,
            rarity=rarity,
        )

    def load(self, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            self.coefficients_ = arrays["coefficients"].astype(np.float32)
            self.shift_, rarity = arrays["shift"], arrays["rarity"]
        self.terms_ = self._terms().load(folder, rarity)
        return self

    def _terms(self) -> Terms:
        config = self.config
        return Terms(
            cut=config.terms,
            longest_words=config.longest_words,
            longest_characters=config.longest_characters,
            most=config.most,
        )

    def _asked_classes(self) -> list[int]:
        """Return the classes that have a side of their own: of two that part all, the second."""
        if len(self.task.classes) == 2 and self.task.alone:
            return [1]
        return list(range(len(self.task.classes)))

    def _parted(
        self,
        features: Any,  # noqa: ANN401 - a sparse matrix
        true: NDArray[np.bool_],
        *,
        seed: int,
    ) -> tuple[NDArray[np.float32], float]:
        """Return the weights that part what is true from what is not, and the shift."""
        if true.all() or not true.any():
            return np.zeros(features.shape[1], np.float32), 1.0 if true.all() else -1.0
        model = LinearSVC(C=1 / self.config.penalty, random_state=seed)
        model.fit(features, true)
        return model.coef_[0].astype(np.float32), float(model.intercept_[0])

    def _features(self, texts: Texts) -> Any:  # noqa: ANN401 - a sparse matrix
        """Return terms (N, F) of texts; of pairs, where both differ and what both share."""
        first = self.terms_.weighed([row[0] for row in texts])
        if self.task.kind != "pair":
            return first
        second = self.terms_.weighed([row[1] for row in texts])
        shared = first.multiply(second)
        alike = sparse.csr_matrix(np.asarray(shared.sum(axis=1)))
        return sparse.hstack([abs(first - second), shared, alike], format="csr", dtype=np.float32)
