"""Making a tuned language model light, as a user asks for it, and what that costs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.language import need_language
from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.cli.tables_told import TablesTold, demand_table, light_folder
from limner.errors import BadConfig

if TYPE_CHECKING:
    from limner.heads.language.task import TextTask

__all__ = ["CompressedLanguage", "agreement", "bytes_of", "compress_language", "demand_beside"]

MEASURED = 2000
"""So many texts at most are asked to compare two models."""
_SAY = "--texts FILE --test FILE --text COL --label COL"


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
    texts: Path | None = None,
    text: Sequence[str] = (),
    out: Path | None = None,
    test: Path | None = None,
    label: str | None = None,
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
        where no ``test`` is given. None: the tables that tuned it, of which the second compares.
    text
        The column of the text in both tables; for pairs two.
    out
        The folder to write; none: beside it.
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
    from limner.cli.texts import read_texts
    from limner.training.language import compressions
    from limner.training.language.compression import compress_text
    from limner.training.language.text_metrics import score_texts
    from limner.training.language.tuned_text import load_tuned_text

    if method not in plugins.names(compressions):
        known = ", ".join(plugins.names(compressions))
        raise BadConfig(f"--method must be one of {known}, got {method!r}")
    way = plugins.load(compressions, method).read(settings or {}, where=f"[settings] of {method}")
    out = demand_beside(folder, out, method)
    if texts is None:
        tables = TablesTold.of(folder, option=_SAY)
        texts, text = demand_table(tables.train, folder, option=_SAY), text or tables.columns
        test = test or demand_table(tables.test, folder, option=_SAY)
        label = label or tables.label
    if test is not None and not label:
        raise BadConfig("--test needs the column of its labels", hint="--label COL")
    tuned, began = load_tuned_text(folder), time.perf_counter()
    if tuned.scores is not None:
        raise BadConfig("a model that reads columns beside the text cannot be compared here yet")
    rows = read_texts(texts, text)
    if not rows:
        raise BadConfig(f"{texts} holds no text, but both models are compared on some")
    asked, truth = rows[:MEASURED], None
    if test and label:
        asked, truth = _asked(tuned.task, test, text, label)
    whole_said, told = tuned.predict(asked), []  # before anything is written
    light = compress_text(
        tuned,
        out,
        way=way,
        texts=[str(each) for row in rows for each in row if each is not None],
        seed=seed,
        progress=progress,
    )
    seconds = time.perf_counter() - began
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


def demand_beside(folder: Path, out: Path | None, method: str) -> Path:
    """Return where a light model of a tuned one may be written.

    Raises
    ------
    BadConfig
        If it is a light one itself, or something else lies there.
    """
    from limner.heads.language.light_text import LIGHT_FILE

    if (folder / LIGHT_FILE).is_file():
        raise BadConfig(
            f"{folder} is a light model already", hint="give the folder that finetune wrote"
        )
    out = out or light_folder(folder, method)
    if out.resolve() == folder.resolve():
        raise BadConfig(f"--out must not be the model itself, {folder}", hint="name another folder")
    demand_folder(out)
    return out


def _asked(
    task: "TextTask", test: Path, text: Sequence[str], label: str
) -> tuple[list[tuple[object, ...]], Any]:
    """Return some texts of a table that have a label, and what is true of them."""
    from limner.cli.texts import labelled_table, texts_of

    table = labelled_table(test, label)[0].head(MEASURED)
    return texts_of(table, text, test), task.truth(table[label].to_list())


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
