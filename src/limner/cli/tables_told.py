"""On which tables a model was tuned and examined, told beside it: nobody has to say it twice."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.errors import BadConfig, NotFitted

__all__ = ["TablesTold", "light_folder"]

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
            If it tells nothing, or a table is gone.
        """
        try:
            told = json.loads((folder / METRICS).read_text(encoding="utf-8"))["tables"]
            train, test = (folder.resolve() / told[each] for each in ("train", "test"))
            found = cls(train, test, list(told["columns"]), str(told["label"]))
        except FileNotFoundError:
            raise NotFitted(f"{folder} holds no tuned model", hint="finetune --out …") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise BadConfig(f"{folder} does not tell which tables made it", hint=option) from None
        for each in (found.train, found.test):
            if not each.is_file():
                gone = os.path.normpath(each)
                raise BadConfig(f"{folder} was made of {gone}, which is not there", hint=option)
        return found


def light_folder(folder: Path, method: str) -> Path:
    """Return where what is made of a model by some method lies, if nobody says: beside it."""
    whole = folder if folder.name not in {"", ".."} else folder.resolve()
    return whole.parent / f"{whole.name}-{method}"
