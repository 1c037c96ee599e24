"""Words and main directions of texts, which answer beside a model, and how all are weighed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from limner.encoders.language.texts import tidy_texts
from limner.heads.language.blend import Blend
from limner.heads.language.directions import Directions, DirectionsHead
from limner.heads.language.features import features_of_vectors
from limner.heads.language.task import TextTask
from limner.heads.language.words import WordsHead
from limner.training.language.first_text_head import USUAL, across_folds, first_head, linear_head
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig

__all__ = ["Others", "Weighed"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
FOLDS = 5
"""So many folds weigh where nobody is held out."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """How model, words and directions are weighed, and those beside the model.

    ``head`` is the model's own, weights (K, F) and shifts (K,), where folds chose a better one, and
    ``penalty`` how strongly it is held back.
    """

    blend: Blend
    words: WordsHead | None
    directions: DirectionsHead | None
    head: tuple[Floats, Floats] | None = None
    penalty: float = USUAL

    def said_beside(self, texts: Sequence[Sequence[str]]) -> list[Floats]:
        """Return what words and directions say of tidy texts: (N, K) each."""
        return [each.scores(texts) for each in (self.words, self.directions) if each is not None]


class Others:
    """Those that answer beside a model.

    Parameters
    ----------
    task
        What is asked.
    known
        Texts with truth.
    config
        Whether words answer, and how directions are found.
    unlabelled
        Texts without a label; where there are any, their main directions answer too.
    seed
        Where chance begins.

    Raises
    ------
    TooFew
        If there are so few texts that they have no main directions.
    """

    def __init__(
        self,
        task: TextTask,
        known: LabelledTexts,
        config: TextFinetuneConfig,
        *,
        unlabelled: Sequence[object],
        seed: int,
    ) -> None:
        self.task, self.known, self.config, self.seed = task, known, config, seed
        self.directions: Directions | None = None
        self.placed = np.zeros((0, 0), np.float32)
        self.unlabelled: list[str] = []
        if len(unlabelled):
            # What is labelled is read too; a text that stands in both counts once.
            own = [each for row in known.texts for each in row]
            texts = list(dict.fromkeys([*tidy_texts(unlabelled), *own]))
            labelled = set(own)
            self.unlabelled = [each for each in texts if each and each not in labelled]
            self.directions = Directions.learn(
                texts, config=config.directions, words=config.words_settings, seed=seed
            )
            self.placed = features_of_vectors(
                [self.directions.read(side) for side in known.sides()]
            )

    def weigh(self, said: Floats, *, taught: Ints, held: Ints) -> Weighed:
        """Weigh by what a model said (H, K) of those held out."""
        known, told = self.known, [said]
        if self.config.words:
            told.append(self._words(taught).scores(known.take(held).texts))
        head = None
        if self.directions is not None:
            weights, shift = first_head(
                self.task, self.placed, known.truth, taught=taught, held=held
            )
            told.append(self.placed[held] @ weights.T + shift)
            head = DirectionsHead(self.directions, weights, shift)
        everybody = self._words(np.arange(len(known))) if self.config.words else None
        return Weighed(self._blend(told, known.truth[held]), everybody, head)

    def weigh_by_folds(self, features: Floats, *, frozen: bool) -> Weighed:
        """Weigh where nobody is held out: each learns from all but a fold, and answers for it.

        Parameters
        ----------
        features
            What the model's head reads of all texts (N, F).
        frozen
            Whether the features learned from nobody; then folds choose how strongly the model's
            head is held back. Else the features seem better than they are, and it stays as it is;
            but few labels leave no other way to weigh.
        """
        task, truth, count = self.task, self.known.truth, len(self.known)
        folds = list(
            KFold(min(FOLDS, count), shuffle=True, random_state=self.seed).split(np.arange(count))
        )
        said, penalty = across_folds(task, features, truth, folds=folds, choose=frozen)
        told, head = [said], None
        if self.config.words:
            words = np.zeros((count, task.outputs), np.float32)
            for taught, held in folds:
                words[held] = self._words(taught).scores(self.known.take(held).texts)
            told.append(words)
        if self.directions is not None:
            said, own = across_folds(task, self.placed, truth, folds=folds, choose=True)
            told.append(said)
            head = DirectionsHead(
                self.directions, *linear_head(task, self.placed, truth, penalty=own)
            )
        return Weighed(
            self._blend(told, truth),
            self._words(np.arange(count)) if self.config.words else None,
            head,
            linear_head(task, features, truth, penalty=penalty) if frozen else None,
            penalty,
        )

    def _blend(self, told: Sequence[Floats], truth: Floats) -> Blend:
        blend = Blend(self.task)
        return blend.alone() if len(told) == 1 else blend.fit(told, truth)

    def _words(self, rows: Ints) -> WordsHead:
        """Return what learned from the words of some rows."""
        known = self.known.take(rows)
        return WordsHead(self.task, self.config.words_settings).fit(
            known.texts, known.truth, seed=self.seed
        )
