"""The report: one page that opens without a network, in two languages, with pictures."""

# ruff: noqa: RUF001 - the dash of an interval is meant
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from limner.heads.answers import Answers, Rankings
from limner.training.cells import cell, delta, interval, modalities_table, slices_table, why
from limner.training.page import SCRIPT, STYLE
from limner.training.pictures import Key, Picture, foremost, pictures
from limner.training.scoreboard import Row, Scoreboard
from limner.training.scoring import FOREMOST
from limner.training.table import figure
from limner.training.words import (
    LABELS,
    METHODS,
    QUESTIONS,
    Words,
    fill,
    name_of,
    say,
)
from limner.training.words import METRICS as METRIC_NAMES

__all__ = ["Note", "page", "write_report"]

COUNTED = ("hand_made", "automatic")
LEARNED = (
    *("frozen_linear", "frozen_boosted", "top", "lora", "adalora", "adapter", "full", "joint"),
    "fused",
)
"""The rungs of the ladder, from the lowest: without a model, and with one."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader must know: where the data came from, who was asked, what was tried.

    Every text is English alone or a pair of English and Chinese. ``facts`` are names with values,
    shown as a list of two columns.
    """

    title: Words
    paragraphs: Sequence[Words] = ()
    facts: Mapping[str | tuple[str, str], Words] = field(default_factory=dict)


def write_report(
    path: Path | str,
    *,
    scoreboard: Scoreboard,
    answers: Iterable[Answers | Rankings],
    notes: Sequence[Note] = (),
) -> None:
    """Write ``report.html``, whole or not at all.

    Parameters
    ----------
    path
        Where to.
    scoreboard
        The rows, in the order in which the questions are to stand.
    answers
        What the rows were made from; a question without its answers has tables but no pictures.
    notes
        What is to be known of the data and of what was tried; they stand at the end.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(page(scoreboard, answers, notes), encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105 - one atomic step, as its name says


def page(
    scoreboard: Scoreboard, answers: Iterable[Answers | Rankings], notes: Sequence[Note] = ()
) -> str:
    """Return the page as HTML; see :func:`write_report`."""
    told = {(each.question, each.cut): each for each in answers}
    blocks = scoreboard.blocks()
    anchors = {key: f"q{number}" for number, key in enumerate(blocks, start=1)}
    several = len({cut for _, cut in blocks}) > 1
    links = "".join(
        f'<a href="#{anchors[key]}">{_question(key[0])}{_when(key[1]) if several else ""}</a>'
        for key in blocks
    )
    sections = "".join(
        _section(
            anchors[key],
            rows,
            told.get(key),
            scoreboard.slices_of(*key),
            scoreboard.modalities_of(*key),
        )
        for key, rows in blocks.items()
    )
    resamples = f"{scoreboard.meta.get('resamples', 1000):,}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        f"<title>Limner · {' · '.join(fill(LABELS['title']))}</title>"
        f"<style>{STYLE}</style></head><body>"
        '<input class="pick" type="radio" name="tongue" id="pick-en" checked>'
        '<input class="pick" type="radio" name="tongue" id="pick-zh">'
        '<header><div class="tongue"><label class="to-en" for="pick-en" lang="en">English</label>'
        '<label class="to-zh" for="pick-zh" lang="zh-Hans">中文</label></div>'
        f"<h1>Limner · {say(LABELS['title'])}</h1>"
        f'<p class="lead">{say(LABELS["lead"], resamples=resamples)}</p>'
        f"<nav>{links}</nav></header><main>"
        f"{_glance(blocks, anchors, several=several)}{sections}"
        f"{_notes(notes)}</main>{_footer(scoreboard.meta)}<script>{SCRIPT}</script></body></html>\n"
    )


def _glance(
    blocks: Mapping[tuple[str, datetime], list[Row]],
    anchors: Mapping[tuple[str, datetime], str],
    *,
    several: bool,
) -> str:
    """Return one line a question: its foremost metric, the best method, and how sure that is."""
    lines = []
    for key, rows in blocks.items():
        metric = FOREMOST[rows[0].shape]
        best = foremost(rows)
        row = next((r for r in rows if r.metric == metric and r.method == best), None)
        when = _when(key[1]) if several else ""
        name = f'<th scope="row"><a href="#{anchors[key]}">{_question(key[0])}</a>{when}</th>'
        if row is None:
            few = f'<td class="none" colspan="4">{_few(rows)}</td>'
            lines.append(f"<tr>{name}{few}</tr>")
            continue
        lines.append(
            f"<tr>{name}<td>{say(name_of(METRIC_NAMES, metric))}</td>"
            f"<td>{say(name_of(METHODS, row.method))}</td>"
            f'<td><span class="v">{figure(row.value)}</span>{interval(row)}</td>'
            f"<td>{delta(row, wordy=True)}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{say(LABELS[name])}</th>'
        for name in ("question", "metric", "best", "value", "against")
    )
    return (
        f"<section><h2>{say(LABELS['glance'])}</h2>"
        f'<div class="scroll"><table class="glance"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div></section>"
    )


def _section(
    anchor: str,
    rows: Sequence[Row],
    answers: Answers | Rankings | None,
    slices: Sequence[Row],
    modalities: Sequence[Row],
) -> str:
    first = rows[0]
    cut = first.cut.date().isoformat()
    when = say(LABELS["as_of"], cut=cut)
    if first.horizon_days:
        when = say(LABELS["days_ahead"], days=f"{first.horizon_days:g}", cut=cut)
    counted = (
        f"{first.n:,} {say(LABELS['customers'])} · {first.positives:,} {say(LABELS['positives'])}"
    )
    head = (
        f'<section id="{anchor}"><h2>{_question(first.question)}</h2>'
        f'<p class="under">{when} · {counted} · '
        f'<span class="code">{escape(first.question)} · {escape(first.shape)}</span></p>'
    )
    if all(row.value is None for row in rows):
        return f'{head}<p class="few">{_few(rows)}</p></section>'
    drawn = pictures(answers, rows) if answers is not None else []
    small = "".join(_figure(picture) for picture in drawn if not picture.large)
    large = "".join(
        f"<details><summary>{say(picture.title)}</summary>{_figure(picture)}</details>"
        for picture in drawn
        if picture.large
    )
    tables = "".join(_table(part) for part in _parts(rows))
    return (
        f'{head}{tables}<p class="under">{say(LABELS["legend"])}</p>'
        f"{_ladder(rows, answers)}{slices_table(slices)}{modalities_table(modalities)}"
        f'<div class="pictures">{small}</div>{large}</section>'
    )


def _parts(rows: Sequence[Row]) -> list[list[Row]]:
    """Cut the rows into those of the whole truth, of repeat items and of new ones."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row.metric.partition(":")[2], []).append(row)
    return list(parts.values())


def _table(rows: Sequence[Row]) -> str:
    listed = list(dict.fromkeys(row.metric for row in rows))
    cells = {(row.method, row.metric): row for row in rows}
    best = foremost(rows) or _leader(rows, listed[0])
    heads = "".join(
        f'<th scope="col">{say(name_of(METRIC_NAMES, metric))}'
        f'<br><span class="code">{escape(metric)}</span></th>'
        for metric in listed
    )
    lines = []
    for method in dict.fromkeys(row.method for row in rows):
        told = "".join(f"<td>{cell(cells[method, metric])}</td>" for metric in listed)
        mark = ' class="best"' if method == best else ""
        lines.append(
            f'<tr{mark}><th scope="row">{say(name_of(METHODS, method))}'
            f'<br><span class="code">{escape(method)}</span></th>{told}</tr>'
        )
    missing = [row for row in rows if row.value is None]
    reasons = dict.fromkeys(say(why(row)) for row in missing)
    few = "".join(f'<p class="under">– {reason}</p>' for reason in reasons)
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col">{say(LABELS["method"])}</th>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{few}"
    )


def _ladder(rows: Sequence[Row], answers: Answers | Rankings | None) -> str:
    """Return the foremost metric of each rung, how long it took and how many weights learned."""
    found = {row.method: row for row in rows if row.metric == FOREMOST[row.shape]}
    if len(found.keys() & set(LEARNED)) < 2:
        return ""
    seconds = answers.seconds if answers is not None else {}
    trained = answers.trained if isinstance(answers, Answers) else {}
    lines = []
    for method in (name for name in (*COUNTED, *LEARNED) if name in found):
        row = found[method]
        around = f"{figure(row.low)} … {figure(row.high)}" if row.low is not None else "–"
        took = f"{seconds[method]:,.1f}" if method in seconds else "–"
        weights = f"{trained[method]:,}" if method in trained else "–"
        told = (f'<span class="v">{figure(row.value)}</span>', around, delta(row), took, weights)
        lines.append(
            f'<tr><th scope="row">{say(name_of(METHODS, method))}</th>'
            + "".join(f"<td>{each}</td>" for each in told)
            + "</tr>"
        )
    names = ("rung", "value", "interval", "against", "seconds", "trained")
    heads = "".join(f'<th scope="col">{say(LABELS[name])}</th>' for name in names)
    metric = say(name_of(METRIC_NAMES, next(iter(found.values())).metric))
    return (
        f"<h3>{say(LABELS['ladder'])} · {metric}</h3>"
        f'<p class="under">{say(LABELS["ladder_told"])}</p>'
        '<div class="scroll"><table class="ladder">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _leader(rows: Sequence[Row], metric: str) -> str | None:
    valued = [row for row in rows if row.metric == metric and row.value is not None]
    return max(valued, key=lambda row: row.value or 0.0).method if valued else None


def _few(rows: Sequence[Row]) -> str:
    return say(LABELS["few"], why=why(rows[0]))


def _figure(picture: Picture) -> str:
    keys = "".join(f"<li>{_swatch(key)}{say(key.name)}</li>" for key in picture.keys)
    legend = f'<ul class="keys">{keys}</ul>' if keys else ""
    return (
        f"<figure><figcaption><h3>{say(picture.title)}</h3><p>{say(picture.told)}</p>"
        f"</figcaption>{picture.svg}{legend}</figure>"
    )


def _swatch(key: Key) -> str:
    if key.kind == "bar":
        mark = f'<rect class="bar c{key.colour}" x="4" y="1" width="18" height="10"/>'
    elif key.kind in ("dot", "hollow"):
        mark = f'<circle class="{key.kind} c{key.colour}" cx="13" cy="6" r="5"/>'
    elif key.kind == "rule":
        mark = '<line class="rule" x1="0" x2="26" y1="6" y2="6"/>'
    else:
        dash = f' stroke-dasharray="{key.dash}"' if key.dash else ""
        mark = f'<polyline class="line c{key.colour}" points="0,6 26,6"{dash}/>'
    return f'<svg viewBox="0 0 26 12" aria-hidden="true">{mark}</svg>'


def _notes(notes: Sequence[Note]) -> str:
    if not notes:
        return ""
    cards = "".join(
        f'<div class="note"><h3>{say(note.title)}</h3>'
        + "".join(f"<p>{say(paragraph)}</p>" for paragraph in note.paragraphs)
        + _facts(note.facts)
        + "</div>"
        for note in notes
    )
    return f'<section><h2>{say(LABELS["notes"])}</h2><div class="notes">{cards}</div></section>'


def _facts(facts: Mapping[Any, Words]) -> str:
    if not facts:
        return ""
    return f"<dl>{''.join(f'<dt>{say(k)}</dt><dd>{say(v)}</dd>' for k, v in facts.items())}</dl>"


def _footer(meta: Mapping[str, Any]) -> str:
    parts = [f"{say(LABELS[name])} {meta[name]}" for name in ("seed", "resamples") if name in meta]
    parts += [f"{escape(name)} {escape(v)}" for name, v in meta.get("versions", {}).items()]
    return f"<footer><p>{' · '.join(parts)}</p></footer>"


def _question(name: str) -> str:
    return say(name_of(QUESTIONS, name))


def _when(cut: datetime) -> str:
    return f' <span class="code">{cut.date().isoformat()}</span>'
