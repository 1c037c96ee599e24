"""What a text is about, told along the main directions of many texts that have no label.

Words that stand in the same texts come to lie in one direction, so that what a few labels say of
one of them holds for the others: latent semantic analysis (Deerwester and others 1990).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array

from limner.config import Config
from limner.errors import TooFew
from limner.heads.language.features import features_of_vectors
from limner.heads.language.terms import Terms
from limner.heads.language.words import WordsConfig
from limner.model.directions import main_directions

__all__ = ["Directions", "DirectionsConfig", "DirectionsHead"]

Floats = NDArray[np.float32]
LEAST_TEXTS = 20
WEIGHTS_FILE = "directions.npz"


class DirectionsConfig(Config):
    """How main directions are found among texts that have no label."""

    count: int = Field(200, ge=1)
    """Directions at most."""
    terms: int = Field(100_000, ge=1)
    """Terms of a kind at most, the commonest; which there are, say the settings of the words."""
    texts: int = Field(200_000, ge=1)
    """Texts that are learned from at most, drawn by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """``axes`` (E, F): the main directions of the weights of F terms in texts."""

    terms: Terms
    axes: Floats

    @classmethod
    def learn(
        cls,
        texts: Sequence[str],
        *,
        config: DirectionsConfig | None = None,
        words: WordsConfig | None = None,
        seed: int = 0,
    ) -> Self:
        """Find the main directions of tidy texts.

        Parameters
        ----------
        texts
            N of them; empty ones are left out.
        config
            How many directions.
        words
            Which terms are read.
        seed
            Where chance begins.

        Raises
        ------
        TooFew
            If fewer than 20 texts say anything.
        """
        config, words = config or DirectionsConfig(), words or WordsConfig()
        told = [each for each in texts if each]
        if len(told) < LEAST_TEXTS:
            raise TooFew(
                f"main directions need {LEAST_TEXTS} texts or more, got {len(told)}",
                hint="they need no label: give all there are",
            )
        if len(told) > config.texts:
            rng = np.random.default_rng(seed)
            some = np.sort(rng.choice(len(told), config.texts, replace=False))
            told = [told[at] for at in some]
        terms = Terms(
            cut=words.terms,
            longest_words=words.longest_words,
            longest_characters=words.longest_characters,
            most=config.terms,
        ).fit(told, rows=len(told))
        matrix = csr_array(terms.weighed(told))
        return cls(terms, main_directions(matrix, most=config.count, seed=seed))

    @property
    def width(self) -> int:
        """The number of directions, E."""
        return len(self.axes)

    def read(self, texts: Sequence[str]) -> Floats:
        """Return where texts lie along the directions (N, E), at length 1.

        A text of which no term is known stays nought.
        """
        if not len(texts):
            return np.zeros((0, self.width), np.float32)
        told = np.asarray(self.terms.weighed(texts) @ self.axes.T, np.float32)
        length = np.sqrt(np.square(told).sum(axis=1, keepdims=True))
        return np.asarray(told / np.maximum(length, 1e-9), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class DirectionsHead:
    """A linear head upon main directions: ``weight`` (K, E), of pairs (K, 2E), ``bias`` (K,)."""

    directions: Directions
    weight: Floats
    bias: Floats

    def scores(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return the scores (N, K) of tidy texts, one or two a row."""
        sides = [self.directions.read(list(side)) for side in zip(*texts, strict=True)]
        return np.asarray(features_of_vectors(sides) @ self.weight.T + self.bias, np.float32)

    def save(self, folder: Path) -> None:
        """Write terms as JSON, and arrays, the directions in half the bits."""
        folder.mkdir(parents=True, exist_ok=True)
        rarity = self.directions.terms.save(folder)
        np.savez_compressed(
            folder / WEIGHTS_FILE,
            axes=self.directions.axes.astype(np.float16),
            rarity=rarity,
            weight=self.weight,
            bias=self.bias,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as arrays:
            axes = arrays["axes"].astype(np.float32)
            terms = Terms().load(folder, arrays["rarity"])
            return cls(Directions(terms, axes), arrays["weight"], arrays["bias"])
