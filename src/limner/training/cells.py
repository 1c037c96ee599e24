"""Figures as HTML: a cell of a table, and the small tables about parts of a question."""

# ruff: noqa: RUF001 - the dash of an interval is meant
from collections.abc import Sequence
from html import escape

from limner.training.scoreboard import Row
from limner.training.scoring import LEAST_POSITIVES
from limner.training.slices import DRIFT
from limner.training.table import better, figure
from limner.training.words import (
    LABELS,
    METHODS,
    MODALITIES,
    SLICES,
    Words,
    fill,
    name_of,
    say,
)

__all__ = ["cell", "delta", "interval", "modalities_table", "slices_table", "why"]

SIGNS = {True: ("up", " ▲"), False: ("down", " ▼"), None: ("", "")}


def slices_table(rows: Sequence[Row]) -> str:
    """Return a small table of the foremost metric: methods are rows, slices are columns."""
    if not rows:
        return ""
    columns = {row.slice: row for row in rows}
    cells = {(row.method, row.slice): row for row in rows}
    heads = "".join(
        f'<th scope="col">{say(name_of(SLICES, row.slice))}<br><span class="code">'
        f"{escape(row.metric)} · {row.n:,} {say(LABELS['customers'])}</span></th>"
        for row in columns.values()
    )
    lines = []
    for method in dict.fromkeys(row.method for row in rows):
        told = "".join(
            f"<td>{cell(cells[method, name]) if (method, name) in cells else '–'}</td>"
            for name in columns
        )
        lines.append(f'<tr><th scope="row">{say(name_of(METHODS, method))}</th>{told}</tr>')
    reasons = dict.fromkeys(
        say(fill(LABELS["of_slice"], slice=name_of(SLICES, row.slice), why=why(row)))
        for row in rows
        if row.value is None
    )
    few = "".join(f'<p class="under">– {reason}</p>' for reason in reasons)
    return (
        f'<h3>{say(LABELS["slices"])}</h3><p class="under">{say(LABELS["slices_told"])}</p>'
        f'<div class="scroll"><table><thead><tr><th scope="col">{say(LABELS["method"])}</th>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{few}"
    )


def modalities_table(rows: Sequence[Row]) -> str:
    """Return what each modality adds: modalities are rows, slices are columns."""
    if not rows:
        return ""
    told = []
    for beside in dict.fromkeys(row.beside for row in rows):
        some = [row for row in rows if row.beside == beside]
        columns = {row.slice: row for row in some if row.delta is not None}
        if not columns:
            continue
        cells = {(row.modality, row.slice): row for row in some}
        heads = "".join(
            f'<th scope="col">{say(_part(row))}<br><span class="code">'
            f"{escape(row.metric)} · {row.n:,} {say(LABELS['customers'])}</span></th>"
            for row in columns.values()
        )
        lines = "".join(
            f'<tr><th scope="row">{say(name_of(MODALITIES, modality))}</th>'
            + "".join(f"<td>{_added(cells.get((modality, name)))}</td>" for name in columns)
            + "</tr>"
            for modality in dict.fromkeys(row.modality for row in some)
        )
        told.append(
            f'<div class="scroll"><table><thead><tr><th scope="col">'
            f"{say(LABELS[f'beside_{beside}'])}</th>{heads}</tr></thead>"
            f"<tbody>{lines}</tbody></table></div>"
        )
    few = "" if told else f'<p class="few">{say(LABELS["few"], why=why(rows[0]))}</p>'
    return (
        f'<h3>{say(LABELS["modalities"])}</h3><p class="under">'
        f"{say(LABELS['modalities_told'])}</p>{''.join(told)}{few}"
    )


def _part(row: Row) -> Words:
    return LABELS["everything"] if row.slice == "all" else name_of(SLICES, row.slice)


def _added(row: Row | None) -> str:
    """Return what a modality adds, its interval, and the value with it."""
    if row is None or row.delta is None or row.value is None:
        return "–"
    kind, sign = SIGNS[better(row)]
    around = f"{figure(row.delta_low, signed=True)} … {figure(row.delta_high, signed=True)}"
    return (
        f'<span class="v {kind}">{figure(row.delta, signed=True)}{sign}</span>'
        f'<span class="i">{around}</span><span class="d">{figure(row.value)}</span>'
    )


def cell(row: Row) -> str:
    """Return a value, its interval and its difference as HTML; a dash where there is none."""
    if row.value is None:
        return "–"
    return f'<span class="v">{figure(row.value)}</span>{interval(row)}{delta(row)}'


def interval(row: Row) -> str:
    """Return the interval of a value as HTML, or nothing."""
    if row.low is None:
        return ""
    return f'<span class="i">{figure(row.low)} … {figure(row.high)}</span>'


def delta(row: Row, *, wordy: bool = False) -> str:
    """Return the difference to the reference as HTML; ``wordy`` with interval and verdict."""
    if row.delta is None:
        return ""
    if row.slice != DRIFT and row.delta == row.delta_low == row.delta_high == 0:
        return f'<span class="d">{say(LABELS["is_reference" if wordy else "reference"])}</span>'
    sure = better(row)
    kind, sign = SIGNS[sure]
    text = f"{figure(row.delta, signed=True)}{sign}"
    if not wordy:
        return f'<span class="d {kind}">{text}</span>'
    verdict = LABELS[{True: "better", False: "worse", None: "even"}[sure]]
    around = f"{figure(row.delta_low, signed=True)} … {figure(row.delta_high, signed=True)}"
    return f'<span class="v {kind}">{text} {say(verdict)}</span><span class="i">{around}</span>'


def why(row: Row) -> Words:
    """Return why a row has no value."""
    if row.slice == DRIFT:
        return LABELS["no_first"]
    if not row.n:
        return LABELS["nobody"]
    if row.positives >= LEAST_POSITIVES:
        return LABELS["alike"]
    return fill(LABELS["few_why"], n=f"{row.positives:,}", least=str(LEAST_POSITIVES))
