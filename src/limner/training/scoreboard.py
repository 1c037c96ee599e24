"""The table of all results: a row for a question, a method and a metric, and its JSON file."""

import json
import math
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from limner.errors import BadSource
from limner.heads.answers import Shape
from limner.training.bootstrap import LEVEL

__all__ = ["REFERENCES", "Row", "Scoreboard"]

REFERENCES: Mapping[Shape, str] = {
    "whether": "hand_made",
    "how_many": "hand_made",
    "how_much": "hand_made",
    "which": "hand_made",
    "what_next": "own_frequency",
}
"""Against which method the others are held, for each shape of question."""

VERSIONS_OF = ("numpy", "polars", "scikit-learn", "lightgbm", "scipy")
"""The packages whose versions a scoreboard remembers, where they are installed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One number: a method's metric on a question, how sure it is, how far from the reference.

    ``low`` and ``high`` hold 95 % of the resamples; ``delta`` is the value less the reference's,
    with its own paired interval, and 0 for the reference itself. ``n`` counts customers,
    ``positives`` the outcomes that the number rests on. Where there is no number, ``value`` and
    all that follows from it are None, and ``too_few`` says why. ``slice`` names the customers or
    items that the number is about; see :data:`limner.training.slices.SLICES`. Where ``modality``
    names one, ``value`` is the method's with it and ``delta`` what it adds ``beside`` what the
    method had without it; see :func:`limner.training.modalities.gains`.
    """

    question: str
    shape: Shape
    horizon_days: float
    cut: datetime
    method: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    positives: int
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None
    too_few: str | None = None
    slice: str = "all"
    modality: str = ""
    beside: str = ""

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference to the reference leaves out zero."""
        if self.delta_low is None or self.delta_high is None:
            return False
        return self.delta_low > 0 or self.delta_high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON; what says nothing more is left out from ``too_few`` on."""
        row = asdict(self)
        row["cut"] = self.cut.isoformat()
        row["horizon_days"] = _whole(self.horizon_days)
        if self.too_few is None:
            del row["too_few"]
        if self.slice == "all":
            del row["slice"]
        for name in ("modality", "beside"):
            if not row[name]:
                del row[name]
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Return the row that :meth:`to_dict` wrote."""
        return cls(**{**row, "cut": datetime.fromisoformat(row["cut"])})


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """All rows, and ``meta``: how they came about, as JSON.

    ``slices`` are rows about some customers or items only, ``modalities`` rows about what each
    modality adds; they stand apart, so that whoever looks up a question, method and metric among
    the rows finds one.
    """

    rows: tuple[Row, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    slices: tuple[Row, ...] = ()
    modalities: tuple[Row, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Iterable[Row],
        *,
        seed: int,
        resamples: int,
        data: Mapping[str, Any] | None = None,
        slices: Iterable[Row] = (),
        modalities: Iterable[Row] = (),
    ) -> Self:
        """Return the scoreboard of these rows, with seed, resamples and versions in ``meta``.

        Parameters
        ----------
        rows
            What :func:`limner.training.score` gave, question after question.
        seed, resamples
            What it was given.
        data
            What is to be remembered of the data: provenance, cohort, cuts, cleaning.
        slices
            Rows about some customers or items only.
        modalities
            Rows about what each modality adds.
        """
        meta = {
            "seed": seed,
            "resamples": resamples,
            "level": LEVEL,
            "reference": dict(REFERENCES),
            "versions": _versions(),
            "data": dict(data or {}),
        }
        return cls(tuple(rows), meta, tuple(slices), tuple(modalities))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def blocks(self) -> dict[tuple[str, datetime], list[Row]]:
        """Return the rows of each question and cut, in the order in which they first stand."""
        return _blocks(self.rows)

    def slices_of(self, question: str, cut: datetime) -> list[Row]:
        """Return the rows about some customers or items only, of one question at one cut."""
        return _blocks(self.slices).get((question, cut), [])

    def modalities_of(self, question: str, cut: datetime) -> list[Row]:
        """Return the rows about what each modality adds to one question at one cut."""
        return _blocks(self.modalities).get((question, cut), [])

    def to_dict(self) -> dict[str, Any]:
        """Return rows, slices and modalities where there are any, and meta for JSON."""
        more = {"slices": self.slices, "modalities": self.modalities}
        told = {"rows": self.rows} | {name: rows for name, rows in more.items() if rows}
        plain = {name: [row.to_dict() for row in rows] for name, rows in told.items()}
        return {**plain, "meta": dict(self.meta)}

    def to_json(self) -> str:
        """Return strict JSON: no NaN, no infinity.

        Raises
        ------
        ValueError
            If ``meta`` holds what JSON cannot say.
        """
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    def write(self, path: Path | str) -> None:
        """Write ``scoreboard.json``, whole or not at all."""
        path = Path(path)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(self.to_json(), encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105 - one atomic step, as its name says

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read what :meth:`write` wrote.

        Raises
        ------
        BadSource
            If the file is no scoreboard.
        """
        try:
            given = json.loads(Path(path).read_text(encoding="utf-8"))
            rows, slices, modalities = (
                tuple(Row.from_dict(row) for row in listed)
                for listed in (
                    given["rows"],
                    *(given.get(name, []) for name in ("slices", "modalities")),
                )
            )
            return cls(rows, given["meta"], slices, modalities)
        except (KeyError, TypeError, ValueError) as error:
            wanted = ", ".join(part.name for part in fields(Row)[:7])
            raise BadSource(
                f"{path} must be a scoreboard with rows of {wanted}, …, but: {error}",
                hint="write one with limner evaluate --json FILE",
            ) from None


def _blocks(rows: Iterable[Row]) -> dict[tuple[str, datetime], list[Row]]:
    blocks: dict[tuple[str, datetime], list[Row]] = {}
    for row in rows:
        blocks.setdefault((row.question, row.cut), []).append(row)
    return blocks


def _whole(days: float) -> float | int:
    return int(days) if math.isfinite(days) and days == int(days) else days


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("limner", *VERSIONS_OF):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
