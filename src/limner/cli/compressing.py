"""Making a tuned language model light, as a user asks for it, and what that costs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from limner.cli.language import need_language
from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.errors import BadConfig

__all__ = ["CompressedLanguage", "agreement", "bytes_of", "compress_language"]

MEASURED = 2000
"""So many texts at most are asked to compare two models."""


@dataclass(frozen=True, slots=True)
class CompressedLanguage:
    """What making a model light cost and gave: a row for the whole and one for the light one.

    Each row tells ``megabytes`` on disk, ``texts_per_second`` of the model alone, ``agreement``,
    the share of the texts that both answer alike (for numbers, the correlation of ranks), and,
    where labels were given, the figures on these.
    """

    method: str
    rows: tuple[Mapping[str, Any], ...]
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"folder": str(self.folder)}


def compress_language(
    folder: Path,
    *,
    method: str,
    texts: Path,
    text: Sequence[str],
    out: Path,
    test: Path | None = None,
    label: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Tell,
) -> CompressedLanguage:
    """Make a tuned model light, and say what that costs.

    Parameters
    ----------
    folder
        What :func:`tune_language` wrote.
    method
        ``int8``, ``prune`` or ``distil``.
    texts
        Texts like those it will be asked: some ways learn from them, and both are compared on them
        where no ``test`` is given.
    text
        The column of the text in both tables; for pairs two.
    out
        The folder to write.
    test, label
        A table with labels, and their column, to say how right both are.
    settings
        Of the method.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadConfig, BadSource, NotFitted, MissingExtra
        As :func:`~limner.training.language.compression.compress_text` has it.
    """
    need_language()
    from limner import plugins
    from limner.cli.texts import column_of, read_table, read_texts
    from limner.heads.language.light_text import LIGHT_FILE
    from limner.training.language import compressions
    from limner.training.language.compression import compress_text
    from limner.training.language.text_metrics import score_texts
    from limner.training.language.tuned_text import load_tuned_text

    if method not in plugins.names(compressions):
        known = ", ".join(plugins.names(compressions))
        raise BadConfig(f"--method must be one of {known}, got {method!r}")
    way = plugins.load(compressions, method).read(settings or {}, where=f"[settings] of {method}")
    demand_folder(out)
    if out.resolve() == folder.resolve():
        raise BadConfig(f"--out must not be the model itself, {folder}", hint="name another folder")
    if (folder / LIGHT_FILE).is_file():
        raise BadConfig(
            f"{folder} is a light model already", hint="give the folder that finetune wrote"
        )
    tuned, began = load_tuned_text(folder), time.perf_counter()
    if tuned.scores is not None:
        raise BadConfig("a model that reads columns beside the text cannot be compared here yet")
    rows = read_texts(texts, text)
    if not rows:
        raise BadConfig(f"{texts} holds no text, but both models are compared on some")
    light = compress_text(
        tuned,
        out,
        way=way,
        texts=[str(each) for row in rows for each in row if each is not None],
        seed=seed,
        progress=progress,
    )
    seconds = time.perf_counter() - began
    asked = (rows if test is None else read_texts(test, text))[:MEASURED]
    whole_said, told = tuned.predict(asked), []
    truth = None
    if test is not None:
        labels = column_of(read_table(test), label, test).to_list()[:MEASURED]
        truth = tuned.task.truth(labels)
    whole_bytes = tuned.weights * 4 + bytes_of(folder)
    for name, model, size in (("whole", tuned, whole_bytes), ("light", light, bytes_of(out))):
        model.readings(asked[:64])  # the first call warms up
        start = time.perf_counter()
        model.readings(asked)
        took = time.perf_counter() - start
        said = whole_said if model is tuned else model.predict(asked)
        row: dict[str, Any] = {
            "model": name,
            "megabytes": round(size / 1e6, 1),
            "texts_per_second": round(len(asked) / took, 1),
            "agreement": agreement(tuned.task.classes, whole_said, said),
        }
        if truth is not None:
            row |= score_texts(tuned.task, said, truth, seed=seed).values
        told.append(row)
    return CompressedLanguage(method, tuple(told), round(seconds, 1), out)


def bytes_of(folder: Path) -> int:
    """Return how much a folder holds."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def agreement(classes: Sequence[str], one: Any, other: Any) -> float:  # noqa: ANN401 - arrays
    """Return the share of what two models answer alike; for numbers, the correlation of ranks."""
    import numpy as np
    from scipy.stats import rankdata

    if not classes:
        return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
    if one.shape[1] > 1 and np.allclose(one.sum(axis=1), 1):
        return float((one.argmax(axis=1) == other.argmax(axis=1)).mean())
    return float(((one > 0.5) == (other > 0.5)).all(axis=1).mean())
