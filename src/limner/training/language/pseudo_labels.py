"""Texts without a label teach too, as what they are taken for: the surest first, then all.

Pseudo-labels (Lee 2013) under a curriculum of shares (Cascante-Bonilla and others 2021): each round
a head learns from the texts with a label and from that share of the others of which it was surest,
class by class, and then says anew what the others are.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from scipy.special import softmax

from limner.config import Config
from limner.errors import BadConfig
from limner.heads.language.task import TextTask
from limner.training.language.first_text_head import linear_head
from limner.training.language.labelled_texts import LabelledTexts

__all__ = ["PseudoLabelsConfig", "demand_one_class", "learn_from_guesses", "surest"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class PseudoLabelsConfig(Config):
    """How texts teach whose labels are guessed."""

    shares: tuple[float, ...] = (0.4, 0.6, 0.8, 1.0)
    """Which share of the texts that are taken for a class teaches, round by round."""
    weight: float = Field(3.0, gt=0)
    """How much a text counts whose label is known; one whose label is guessed counts 1."""

    @field_validator("shares")
    @classmethod
    def _are_shares(cls, told: tuple[float, ...]) -> tuple[float, ...]:
        if not told or not all(0 < each <= 1 for each in told):
            raise ValueError(f"shares must be above 0 and at most 1, got {told}")
        return told


def demand_one_class(task: TextTask, known: LabelledTexts) -> None:
    """Refuse what cannot be guessed: numbers, several classes a text, pairs, columns beside.

    Raises
    ------
    BadConfig
        If one class of single texts is not all that is asked.
    """
    if not task.classes or not task.alone or task.kind == "pair" or known.beside is not None:
        raise BadConfig(
            "pseudo-labels need one class a text and nothing beside it,"
            f" got {task.kind}{'' if known.beside is None else ' with columns beside'}",
            hint="leave pseudo_labels out",
        )


def surest(said: NDArray[np.floating], share: float) -> Ints:
    """Return the rows of scores (U, K) that are surest of a class: of each class that share."""
    chances = softmax(said, axis=1)
    sure, taken = chances.max(axis=1), said.argmax(axis=1)
    found = []
    for one in np.unique(taken):
        rows = np.flatnonzero(taken == one)
        order = np.argsort(-sure[rows], kind="stable")
        found.append(rows[order[: int(np.ceil(share * len(rows)))]])
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def learn_from_guesses(
    task: TextTask,
    features: Floats,
    truth: Floats,
    *,
    others: Floats,
    said: NDArray[np.floating],
    penalty: float,
    config: PseudoLabelsConfig,
) -> tuple[Floats, Floats]:
    """Return weights (K, F) and shifts (K,) of a linear head that learned from guesses too.

    Parameters
    ----------
    task
        What is asked: one class a text.
    features, truth
        Of the texts with a label: (N, F) and (N, K).
    others
        Features of those without one (U, F).
    said
        What is said of these at first (U, K).
    penalty
        How strongly the head is held back.
    config
        How it goes.
    """
    said = np.asarray(said)
    for share in config.shares:
        rows = surest(said, share)
        guessed = np.eye(task.outputs, dtype=np.float32)[said[rows].argmax(axis=1)]
        weights, shift = linear_head(
            task,
            np.concatenate([features, others[rows]]),
            np.concatenate([truth, guessed]),
            penalty=penalty,
            counts=np.concatenate([np.full(len(features), config.weight), np.ones(len(rows))]),
        )
        said = others @ weights.T + shift
    return weights, shift
