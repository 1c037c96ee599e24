"""What terms stand in a text, weighed by how rare they are and how often they stand there.

The weights are those of Salton and Buckley (1988), the count by its logarithm.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from limner.encoders.language.texts import is_chinese
from limner.errors import TooFew

__all__ = ["Cut", "Terms"]

Cut = Literal["auto", "words", "characters"]
KEPT = ("analyzer", "ngram_range", "token_pattern")
"""How a text is cut into terms."""
_ENOUGH_TEXTS = 2000
"""With so many texts, terms that stand in one alone are left out."""


class Terms:
    """Which terms there are, and what each weighs.

    Parameters
    ----------
    cut
        Runs of words beside runs of characters within words, or runs of characters alone; ``auto``:
        the latter for Chinese, which has no blanks.
    longest_words, longest_characters
        Words, and characters, in a run at most; where characters are read alone three.
    most
        Terms of a kind at most, the commonest.

    Attributes
    ----------
    parts_
        What cuts and weighs, a kind each; set by :meth:`fit`.
    """

    def __init__(
        self,
        *,
        cut: Cut = "auto",
        longest_words: int = 2,
        longest_characters: int = 5,
        most: int = 500_000,
    ) -> None:
        self.cut, self.most = cut, most
        self.longest_words, self.longest_characters = longest_words, longest_characters
        self.parts_: list[TfidfVectorizer] = []

    def fit(self, texts: Sequence[str], *, rows: int) -> Self:
        """Find the terms of texts, which are those of so many rows: a row may have two.

        Raises
        ------
        TooFew
            If there is none, as in empty texts.
        """
        parts = [TfidfVectorizer(**settings) for settings in self._settings(texts, rows)]
        try:
            self.parts_ = [each.fit(texts) for each in parts]
        except ValueError as error:  # no term at all, or none that is met often enough
            raise TooFew(
                f"{rows:,} texts hold no term to learn from: {error}",
                hint="is this the column of the text?",
            ) from None
        return self

    def weighed(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
        """Return the weights of terms in texts (N, F), of each kind of length 1."""
        parts = [each.transform(texts) for each in self.parts_]
        return parts[0] if len(parts) == 1 else sparse.hstack(parts, format="csr")

    def save(self, folder: Path) -> NDArray[np.float32]:
        """Write the terms as JSON, and return what they weigh (F,), to be kept beside."""
        tables = []
        for each in self.parts_:
            names = sorted(each.vocabulary_, key=each.vocabulary_.__getitem__)
            settings = {name: each.get_params()[name] for name in KEPT}
            tables.append({**settings, "names": names})
        (folder / "terms.json").write_text(
            json.dumps(tables, ensure_ascii=False), encoding="utf-8", errors="surrogatepass"
        )
        return np.concatenate([each.idf_ for each in self.parts_]).astype(np.float32)

    def load(self, folder: Path, rarity: NDArray[np.float32]) -> Self:
        """Read what :meth:`save` wrote and returned."""
        tables = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        self.parts_, before = [], 0
        for table in tables:
            names = table["names"]
            settings = {**table, "ngram_range": tuple(table["ngram_range"])}
            settings["vocabulary"] = {name: at for at, name in enumerate(settings.pop("names"))}
            terms = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **settings)
            terms.idf_ = rarity[before : before + len(names)]
            before += len(names)
            self.parts_.append(terms)
        return self

    def _settings(self, texts: Sequence[str], rows: int) -> list[dict[str, Any]]:
        cut = self.cut
        if cut == "auto":
            cut = "characters" if is_chinese(texts) else "words"
        least = 2 if rows >= _ENOUGH_TEXTS else 1
        alike = {"sublinear_tf": True, "dtype": np.float32, "min_df": least}
        alike["max_features"] = self.most
        if cut == "characters":
            longest = min(3, self.longest_characters)
            return [{**alike, "analyzer": "char", "ngram_range": (1, longest)}]
        characters = (min(2, self.longest_characters), self.longest_characters)
        return [
            # A word of one letter is a word too; and a text of signs alone must have a term.
            {
                **alike,
                "ngram_range": (1, self.longest_words),
                "token_pattern": r"(?u)\w+|[^\w\s]",
            },
            {**alike, "analyzer": "char_wb", "ngram_range": characters},
        ]
