"""On which tables a model was tuned and examined, told beside it: nobody has to say it twice."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.errors import BadConfig, NotFitted

__all__ = ["TablesTold", "demand_table", "light_folder"]

METRICS = "metrics.json"
"""The file of a tuned model that tells them, under the name ``tables``."""


@dataclass(frozen=True, slots=True)
class TablesTold:
    """The tables that taught and examined a model; what was read of them, and the label."""

    train: Path
    test: Path
    columns: Sequence[str]
    label: str

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """Return it for ``metrics.json``, from the model's folder on: both may move together."""
        seen = folder.resolve()
        return {
            "train": Path(os.path.relpath(self.train.resolve(), seen)).as_posix(),
            "test": Path(os.path.relpath(self.test.resolve(), seen)).as_posix(),
            "columns": list(self.columns),
            "label": self.label,
        }

    @classmethod
    def of(cls, folder: Path, *, option: str) -> "TablesTold":
        """Return what a tuned model's folder tells.

        Parameters
        ----------
        folder
            What ``finetune`` wrote.
        option
            How the user may say it instead.

        Raises
        ------
        NotFitted
            If there is no model.
        BadConfig
            If it tells nothing.
        """
        try:
            told = json.loads((folder / METRICS).read_text(encoding="utf-8"))["tables"]
            train, test = (_whole(folder, told[each]) for each in ("train", "test"))
            return cls(train, test, _words(told["columns"]), _word(told["label"]))
        except FileNotFoundError:
            raise NotFitted(f"{folder} holds no tuned model", hint="finetune --out …") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise BadConfig(f"{folder} does not tell which tables made it", hint=option) from None


def demand_table(file: Path, folder: Path, *, option: str) -> Path:
    """Return a table that a model's folder tells of; raises BadConfig where it is gone."""
    if not file.is_file():
        raise BadConfig(f"{folder} was made of {file}, which is not there", hint=option)
    return file


def light_folder(folder: Path, method: str) -> Path:
    """Return where what is made of a model by some method lies, if nobody says: beside it.

    Raises
    ------
    BadConfig
        If something else than such a model lies there.
    """
    from limner.heads.language.light_text import LIGHT_FILE

    whole = folder if folder.name not in {"", ".."} else folder.resolve()
    out = whole.parent / f"{whole.name}-{method}"
    if out.is_dir() and any(out.iterdir()) and not (out / LIGHT_FILE).is_file():
        raise BadConfig(f"{out} holds no light model, and nobody said --out", hint="--out DIR")
    return out


def _whole(folder: Path, told: object) -> Path:
    return Path(os.path.normpath(folder.resolve() / _word(told)))


def _words(told: object) -> list[str]:
    if not isinstance(told, list) or not told:
        raise TypeError
    return [_word(each) for each in told]


def _word(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError
    return told
