"""A tuned language model made light: it answers without torch, from its folder alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from limner.encoders.language.light import LightEncoder
from limner.encoders.language.texts import tidy_text
from limner.errors import BadShape, NotFitted
from limner.heads.language.blend import Blend
from limner.heads.language.directions import DirectionsHead
from limner.heads.language.features import features_of_vectors
from limner.heads.language.task import TextTask
from limner.heads.language.words import WordsConfig, WordsHead
from limner.model.normaliser import NormalScores

__all__ = ["LIGHT_FILE", "LightText"]

Floats = NDArray[np.float32]
LIGHT_FILE = "light.json"


class LightText:
    """Answers as the model that it was made of, or nearly.

    Parameters
    ----------
    task
        What is asked.
    encoder
        What makes a vector of a text.
    head
        ``weight`` (K, F) and ``bias`` (K,), and those of ``read`` and ``told`` where text and what
        is known beside it meet.
    words, directions, blend
        What answers by the words, and by main directions of texts, if anything; and how all are
        weighed.
    scores
        How what is known beside a text is brought to one scale; none: nothing is.
    """

    def __init__(
        self,
        task: TextTask,
        encoder: LightEncoder,
        head: Mapping[str, Floats],
        *,
        words: WordsHead | None,
        blend: Blend,
        directions: DirectionsHead | None = None,
        scores: NormalScores | None = None,
    ) -> None:
        self.task, self.encoder, self.head = task, encoder, dict(head)
        self.words, self.directions = words, directions
        self.blend, self.scores = blend, scores

    def predict(
        self, texts: Sequence[Sequence[object]], *, beside: Floats | None = None
    ) -> NDArray[np.float64]:
        """Answer for texts, one or two a row: probabilities (N, C), or numbers (N,).

        Raises
        ------
        BadShape
            If a row has not as many texts, or numbers beside, as were learned from.
        """
        return self.task.answer(self.blend(self.readings(texts, beside=beside)))

    def readings(
        self, texts: Sequence[Sequence[object]], *, beside: Floats | None = None
    ) -> list[Floats]:
        """Return the scores (N, K) of the model, of the words and of the directions, if any."""
        sides = 2 if self.task.kind == "pair" else 1
        wanted = self.scores.width if self.scores is not None else 0
        given = 0 if beside is None else beside.shape[1]
        if any(len(row) != sides for row in texts) or wanted != given:
            raise BadShape(
                f"{self.task.kind} answers {sides} text(s) a row with {wanted} numbers beside"
            )
        if not len(texts):
            return [np.zeros((0, self.task.outputs), np.float32)] * len(self.blend.weights_)
        tidy = [tuple(tidy_text(each, most=20_000) for each in row) for row in texts]
        vectors = [self.encoder.read(side) for side in zip(*tidy, strict=True)]
        others = [each.scores(tidy) for each in (self.words, self.directions) if each is not None]
        return [self._said(vectors, beside), *others]

    def _said(self, vectors: Sequence[Floats], beside: Floats | None) -> Floats:
        """Return scores (N, K), as :class:`limner.training.language.text_model.TextModel` has."""
        features = features_of_vectors(vectors)
        if self.scores is not None and beside is not None:
            told = self.scores(beside).astype(np.float32)
            features = np.concatenate([features, told], axis=1)
        head = self.head
        said = features @ head["weight"].T + head["bias"]
        if "read.weight" in head:
            met = features @ head["read.weight"].T + head["read.bias"]
            met = met * (1 + erf(met / 2**0.5)) / 2  # GELU, as it was learned
            said = said + met @ head["told.weight"].T + head["told.bias"]
        return np.asarray(said, np.float32)

    def save(self, folder: Path) -> None:
        """Write all but the encoder, which lies in the folder already."""
        np.savez_compressed(folder / "head.npz", **self.head)  # type: ignore[arg-type] # names of arrays
        if self.words is not None:
            self.words.save(folder / "words")
        if self.directions is not None:
            self.directions.save(folder / "directions")
        if self.scores is not None:
            self.scores.save(folder / "beside.npz")
        table: dict[str, Any] = {
            "task": self.task.to_dict(),
            "weights": self.blend.weights_.tolist(),
            "words": None if self.words is None else self.words.config.model_dump(mode="json"),
            "directions": self.directions is not None,
            "beside": self.scores is not None,
        }
        (folder / LIGHT_FILE).write_text(
            json.dumps(table, ensure_ascii=False, indent=1), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        NotFitted
            If there is no light model in the folder.
        """
        if not (folder / LIGHT_FILE).is_file():
            raise NotFitted(f"there is no light model in {folder}", hint="limner language compress")
        table = json.loads((folder / LIGHT_FILE).read_text(encoding="utf-8"))
        task, words = TextTask.from_dict(table["task"]), None
        if table["words"] is not None:
            words = WordsHead(task, WordsConfig.read(table["words"])).load(folder / "words")
        blend = Blend(task)
        blend.weights_ = np.asarray(table["weights"], np.float64)
        with np.load(folder / "head.npz", allow_pickle=False) as arrays:
            head = {name: arrays[name] for name in arrays.files}
        known = table.get("directions", False)  # models of before had none
        return cls(
            task,
            LightEncoder(folder),
            head,
            words=words,
            blend=blend,
            directions=DirectionsHead.load(folder / "directions") if known else None,
            scores=NormalScores().load(folder / "beside.npz") if table["beside"] else None,
        )
