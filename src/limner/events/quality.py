"""The account of the log: for every reason how many rows and an example; nothing is missing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limner.events.cleaning import Note
from limner.events.durable import replace_text
from limner.events.manifest import Manifest
from limner.events.outliers import STEPS, add_histograms, limit_of

__all__ = ["QUALITY_NAME", "Quality", "quality_of", "write_quality"]

QUALITY_NAME = "quality.json"


@dataclass(frozen=True, slots=True)
class Quality:
    """The account of all sources of a log; ``rows_in`` is ``rows`` plus refused plus withdrawn.

    ``limits`` says for ``price``, ``quantity`` and ``amount`` of purchases which size 999 in 1,000
    do not exceed, and how many do: they stay in the log, and models may cut them there. A model
    that looks at a moment must learn its own limits from before it.
    """

    generation: int
    rows_in: int
    rows: int
    other_rows: int
    refused: Mapping[str, Note]
    withdrawn: Mapping[str, Note]
    noted: Mapping[str, Note]
    flagged: Mapping[str, int]
    limits: Mapping[str, Mapping[str, float]]
    sources: tuple[Mapping[str, Any], ...]

    @property
    def balanced(self) -> bool:
        """Whether every row that came in is accounted for."""
        gone = sum(
            note.count for group in (self.refused, self.withdrawn) for note in group.values()
        )
        return self.rows_in == self.rows + gone

    def table(self) -> list[tuple[str, str, int, float, str]]:
        """Return rows for people: what happened, why, how many, share of rows in, example."""
        rows = [("read", "", self.rows_in, ""), ("kept", "", self.rows, "")]
        for what, group in (
            ("refused", self.refused),
            ("withdrawn", self.withdrawn),
            ("noted", self.noted),
        ):
            most_first = sorted(group.items(), key=lambda pair: (-pair[1].count, pair[0]))
            rows += [(what, code, note.count, note.example) for code, note in most_first]
        rows += [("customers", flag, count, "") for flag, count in self.flagged.items()]
        return [
            (what, code, count, 0.0 if what == "customers" else count / max(1, self.rows_in), text)
            for what, code, count, text in rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain tables, as they stand in ``quality.json``."""
        return {
            "generation": self.generation,
            "rows_in": self.rows_in,
            "rows": self.rows,
            "other_rows": self.other_rows,
            "balanced": self.balanced,
            "refused": _plain(self.refused),
            "withdrawn": _plain(self.withdrawn),
            "noted": _plain(self.noted),
            "flagged_customers": dict(self.flagged),
            "limits": {name: dict(limit) for name, limit in self.limits.items()},
            "sources": [dict(source) for source in self.sources],
        }


def quality_of(manifest: Manifest) -> Quality:
    """Add up what the manifest says of every source."""
    return Quality(
        generation=manifest.generation,
        rows_in=sum(source.rows_in for source in manifest.sources),
        rows=manifest.rows,
        other_rows=sum(source.other_rows for source in manifest.sources),
        refused=_added(source.refused for source in manifest.sources),
        withdrawn=_added(source.withdrawn for source in manifest.sources),
        noted=_added(source.noted for source in manifest.sources),
        flagged=dict(manifest.flagged),
        limits=_limits(manifest),
        sources=tuple(source.to_dict() for source in manifest.sources),
    )


def write_quality(folder: Path, manifest: Manifest) -> None:
    """Write ``quality.json`` beside the manifest, for people: it says nothing of its own.

    By now the log is the new one. If the disk has no room for this page, an old page is taken
    away rather than left to say what is no longer so; the next ingest writes it.
    """
    text = json.dumps(quality_of(manifest).to_dict(), indent=1, ensure_ascii=False) + "\n"
    path = folder / QUALITY_NAME
    if path.exists() and path.read_text("utf-8") == text:
        return
    try:
        replace_text(path, text)
    except OSError:
        path.unlink(missing_ok=True)


def _added(groups: Iterable[Mapping[str, Note]]) -> dict[str, Note]:
    total: dict[str, Note] = {}
    for group in groups:
        for code, note in group.items():
            total[code] = total[code] + note if code in total else note
    return dict(sorted(total.items()))


def _limits(manifest: Manifest) -> dict[str, dict[str, float]]:
    limits: dict[str, dict[str, float]] = {}
    for name in ("price", "quantity", "amount"):
        counts = add_histograms(*(file.sizes.get(name, {}) for file in manifest.files))
        limit = limit_of(counts)
        if limit is not None:
            above = sum(count for step, count in counts.items() if 2 ** (step / STEPS) >= limit)
            limits[name] = {"share": 0.999, "limit": round(limit, 4), "above": above}
    return limits


def _plain(group: Mapping[str, Note]) -> dict[str, dict[str, Any]]:
    return {code: {"count": note.count, "example": note.example} for code, note in group.items()}
