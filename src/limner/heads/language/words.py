"""A linear head upon the words and characters of a text: quick, and hard to beat where labels are.

Terms are weighed by how rare they are (Salton and Buckley 1988) and how often they stand in the
text, by its logarithm; a support vector machine (Fan and others 2008) parts the classes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from limner.config import Config
from limner.encoders.language.texts import is_chinese
from limner.errors import NotFitted
from limner.heads.language.task import TextTask

__all__ = ["WordsConfig", "WordsHead"]

Texts = Sequence[Sequence[str]]
"""N texts, or N pairs of texts: each row has one or two."""
KEPT = ("analyzer", "ngram_range", "token_pattern")
"""How a text is cut into terms."""
_ENOUGH_ROWS = 2000
"""With so many texts, terms that stand in one alone are left out."""


class WordsConfig(Config):
    """Which terms are read, and how strongly the head is held back."""

    terms: Literal["auto", "words", "characters"] = "auto"
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
        self.terms_: list[TfidfVectorizer] = []
        self.coefficients_ = np.zeros((0, 0), np.float32)
        self.shift_ = np.zeros(0, np.float32)

    def fit(self, texts: Texts, truth: NDArray[np.float32], *, seed: int = 0) -> Self:
        """Learn from texts and truth, (N, C) or (N,) as the task has it."""
        flat = [each for row in texts for each in row]
        self.terms_ = [
            TfidfVectorizer(**settings).fit(flat) for settings in self._settings(flat, len(texts))
        ]
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
        if not self.terms_:
            raise NotFitted("the words have no weights yet", hint="call fit(…) first")
        told = self._features(texts) @ self.coefficients_.T + self.shift_
        if len(self.task.classes) == 2 and self.task.alone:
            return np.asarray(np.concatenate([-told, told], axis=1) / 2, np.float32)
        return np.asarray(told, np.float32)

    def knows(self, texts: Texts) -> NDArray[np.bool_]:
        """Say whether each text holds a known word or run of words (N,).

        Where words are read, runs of characters within them do not count: any word has some.
        """
        first = self.terms_[0]
        known = [first.transform([row[side] for row in texts]) for side in range(len(texts[0]))]
        found = [np.diff(each.indptr) > 0 for each in known]
        return np.asarray(np.any(found, axis=0), np.bool_)

    def save(self, folder: Path) -> None:
        """Write terms as JSON and weights as arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = []
        for each in self.terms_:
            names = sorted(each.vocabulary_, key=each.vocabulary_.__getitem__)
            settings = {name: each.get_params()[name] for name in KEPT}
            tables.append({**settings, "names": names})
        (folder / "terms.json").write_text(
            json.dumps(tables, ensure_ascii=False), encoding="utf-8", errors="surrogatepass"
        )
        rarity = np.concatenate([each.idf_ for each in self.terms_]).astype(np.float32)
        np.savez_compressed(
            folder / "weights.npz",
            coefficients=self.coefficients_.astype(np.float16),
            shift=self.shift_,
            rarity=rarity,
        )

    def load(self, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        tables = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            self.coefficients_ = arrays["coefficients"].astype(np.float32)
            self.shift_, rarity = arrays["shift"], arrays["rarity"]
        self.terms_, before = [], 0
        for table in tables:
            names = table["names"]
            settings = {**table, "ngram_range": tuple(table["ngram_range"])}
            settings["vocabulary"] = {name: at for at, name in enumerate(settings.pop("names"))}
            terms = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **settings)
            terms.idf_ = rarity[before : before + len(names)]
            before += len(names)
            self.terms_.append(terms)
        return self

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

    def _settings(self, texts: Sequence[str], rows: int) -> list[dict[str, Any]]:
        config, terms = self.config, self.config.terms
        if terms == "auto":
            terms = "characters" if is_chinese(texts) else "words"
        least = 2 if rows >= _ENOUGH_ROWS else 1
        alike = {"sublinear_tf": True, "dtype": np.float32, "min_df": least}
        alike["max_features"] = config.most
        if terms == "characters":
            longest = min(3, config.longest_characters)
            return [{**alike, "analyzer": "char", "ngram_range": (1, longest)}]
        characters = (min(2, config.longest_characters), config.longest_characters)
        return [
            # A word of one letter is a word too; and a text of signs alone must have a term.
            {
                **alike,
                "ngram_range": (1, config.longest_words),
                "token_pattern": r"(?u)\w+|[^\w\s]",
            },
            {**alike, "analyzer": "char_wb", "ngram_range": characters},
        ]

    def _features(self, texts: Texts) -> Any:  # noqa: ANN401 - a sparse matrix
        """Return terms (N, F) of texts; of pairs, where both differ and what both share."""
        first = self._weighed([row[0] for row in texts])
        if self.task.kind != "pair":
            return first
        second = self._weighed([row[1] for row in texts])
        shared = first.multiply(second)
        alike = sparse.csr_matrix(np.asarray(shared.sum(axis=1)))
        return sparse.hstack([abs(first - second), shared, alike], format="csr", dtype=np.float32)

    def _weighed(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
        parts = [each.transform(texts) for each in self.terms_]
        return parts[0] if len(parts) == 1 else sparse.hstack(parts, format="csr")
