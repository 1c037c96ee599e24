"""Learning also from customers whose labels nobody knows: pseudo-labels (Lee 2013)."""

from collections.abc import Sequence

import numpy as np

from limner.errors import BadConfig
from limner.heads.study import Learned, Method, Sample, Study

__all__ = ["learn_with_pseudo_labels"]


def learn_with_pseudo_labels(
    method: Method,
    study: Study,
    train: Sequence[Sample],
    validation: Sample,
    *,
    untold: Sequence[Sample],
    share: float = 0.3,
) -> Learned:
    """Learn, tell the customers of whom nothing is known, and learn again from the surest of them.

    Parameters
    ----------
    method
        What learns, twice.
    study
        A question of the shape ``whether``.
    train, validation
        Samples with labels.
    untold
        Samples whose truth is not read.
    share
        The share of the customers of a sample who are given a label: those told surest, as many
        yes among them as the labelled customers lead to expect.

    Raises
    ------
    BadConfig
        If the question asks for anything but whether.
    """
    if study.question.shape != "whether":
        raise BadConfig(
            f"{study.name} asks {study.question.shape!r}, and pseudo-labels are for 'whether'",
            hint="learn from the labelled customers alone",
        )
    first = method.learn(study, train, validation)
    rate = float(np.concatenate([one.truth for one in (*train, validation)]).mean())
    added = []
    for sample in untold:
        count = round(share * len(sample.customers))
        yes = round(rate * count)
        order = np.argsort(first.predict(study, sample.window, sample.customers), kind="stable")
        chosen = np.r_[order[: count - yes], order[len(order) - yes :]]
        truth = np.r_[np.zeros(count - yes), np.ones(yes)]
        place = np.argsort(chosen, kind="stable")
        added.append(Sample(sample.window, sample.customers[chosen[place]], truth[place]))
    return method.learn(study, [*train, *added], validation)
