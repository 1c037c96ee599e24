"""The page, the confusion picture and the card of a model that was tuned for texts."""

# ruff: noqa: RUF001 - Chinese punctuation is meant
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from limner.training.language.pretraining import PretrainedText
from limner.training.language.text_metrics import TextScores
from limner.training.language.tuned_text import TunedText
from limner.training.page import framed
from limner.training.table import figure
from limner.training.words import Words, say

__all__ = [
    "around",
    "class_table",
    "confusion_file",
    "confusion_picture",
    "confusion_section",
    "metrics_table",
    "named_classes",
    "pretrained_card",
    "text_card",
    "text_report",
]

SHOWN = 60
"""Of more classes those are drawn that are mistaken oftenest."""
NAMED = 30
"""So many classes at most are named in a card."""
TITLE: Words = ("What texts say", "文本模型报告")
NUMBERS: Words = ("How right it is", "准确程度")
CONFUSION: Words = ("What is taken for what", "混淆矩阵")
CLASSES: Words = ("Each class", "各类别")
MADE: Words = ("How it was made", "训练方式")
TRUE: Words = ("true", "真实")
SAID: Words = ("said", "预测")
ON: Words = ("On texts that neither taught nor chose anything", "在未参与训练与选择的文本上")
HEADS: Mapping[str, Words] = {
    "class": ("class", "类别"),
    "precision": ("precision", "精确率"),
    "recall": ("recall", "召回率"),
    "f1": ("F1", "F1"),
    "support": ("examples", "样本数"),
    "metric": ("metric", "指标"),
    "value": ("value, 95 %", "数值，95 %"),
}
NAMES: Mapping[str, Words] = {
    "accuracy": ("accuracy", "准确率"),
    "macro_f1": ("macro F1", "宏平均 F1"),
    "micro_f1": ("micro F1", "微平均 F1"),
    "auroc": ("AUROC", "AUROC"),
    "average_precision": ("average precision", "平均精确率"),
    "rmse": ("root mean squared error", "均方根误差"),
    "mae": ("mean absolute error", "平均绝对误差"),
    "r2": ("R²", "R²"),
    "spearman": ("rank correlation", "秩相关"),
}


def confusion_picture(scores: TextScores) -> str:
    """Return the confusion of classes as SVG; an empty text where none was counted.

    A cell is the darker, the larger its share of the texts that its row is true of. Of more than 60
    classes those are shown that are mistaken oftenest.
    """
    counts = scores.confusion
    if not counts.size:
        return ""
    names = [each.name for each in scores.classes]
    wrong = counts.sum(axis=1) + counts.sum(axis=0) - 2 * counts.diagonal()
    shown = np.sort(np.argsort(-wrong, kind="stable")[:SHOWN])
    counts = counts[np.ix_(shown, shown)]
    names = [names[at] for at in shown]
    whole = np.maximum(scores.confusion.sum(axis=1)[shown], 1)
    cell = 34 if len(names) <= 12 else 24 if len(names) <= 24 else 16
    left = 16 + 7.2 * max(_width(name) for name in names)
    top = left
    side = cell * len(names)
    marks = []
    for row, name in enumerate(names):
        y = top + cell * row
        marks.append(
            f'<text x="{left - 6:.0f}" y="{y + cell / 2 + 4:.0f}" text-anchor="end">'
            f"{escape(_short(name))}</text>"
            f'<text transform="translate({left + cell * row + cell / 2 + 4:.0f},{top - 6:.0f}) '
            f'rotate(-90)">{escape(_short(name))}</text>'
        )
        for column, other in enumerate(names):
            share = counts[row, column] / whole[row]
            x = left + cell * column
            colour = "c2" if row == column else "c6"
            marks.append(
                f'<rect class="{colour}" x="{x:.0f}" y="{y:.0f}" width="{cell - 1}" '
                f'height="{cell - 1}" fill="currentColor" fill-opacity="{0.05 + 0.9 * share:.3f}">'
                f"<title>{escape(name)} → {escape(other)}: {counts[row, column]:,}</title></rect>"
            )
            if counts[row, column] and cell > 30:
                marks.append(
                    f'<text data-kind="small" x="{x + cell / 2:.0f}" y="{y + cell / 2 + 4:.0f}" '
                    f'text-anchor="middle">{counts[row, column]:,}</text>'
                )
    return (
        f'<svg viewBox="0 0 {left + side + 8:.0f} {top + side + 8:.0f}" role="img" '
        f'style="max-width:{left + side + 8:.0f}px" aria-label="confusion">{"".join(marks)}</svg>'
    )


def confusion_section(scores: TextScores) -> list[str]:
    """Return the picture as a section of a page; nothing where none was counted."""
    picture, classes = confusion_picture(scores), len(scores.classes)
    if not picture:
        return []
    told = f"{say(TRUE)} ↓ · {say(SAID)} →"
    if classes > SHOWN:
        some = (
            f"{SHOWN} of {classes} classes, those mistaken oftenest",
            f"共 {classes} 类，显示最易混淆的 {SHOWN} 类",
        )
        told = f"{told} · {say(some)}"
    head = f"<h2>{say(CONFUSION)}</h2><p class='under'>{told}</p>"
    return [f"<section>{head}<div class='scroll'>{picture}</div></section>"]


def confusion_file(scores: TextScores) -> str:
    """Return the same picture as the text of an SVG file, on white; empty where there is none."""
    picture = confusion_picture(scores)
    if not picture:
        return ""
    style = (
        "<style>text{font:12px system-ui,sans-serif;fill:#1c2430}.zh{display:none}"
        ".c2{color:#00896a}.c6{color:#c04f00}</style><rect width='100%' height='100%' fill='#fff'/>"
    )
    head, body = picture.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg">{style}{body}'


def text_report(tuned: TunedText, scores: TextScores, readers: Mapping[str, TextScores]) -> str:
    """Return the page, whole in itself, in both languages.

    Parameters
    ----------
    tuned
        What was tuned.
    scores
        What came of asking texts that it never met.
    readers
        The same for each that answers alone, the model and the words.
    """
    parts = [
        f"<section><h2>{say(NUMBERS)}</h2>",
        f"<p class='under'>{say(ON)}: {scores.texts:,}</p>",
        metrics_table(scores, readers),
        "</section>",
    ]
    parts += confusion_section(scores)
    if scores.classes:
        parts.append(f"<section><h2>{say(CLASSES)}</h2>{class_table(scores)}</section>")
    parts.append(f"<section><h2>{say(MADE)}</h2>{_facts(tuned)}</section>")
    return framed(TITLE, parts)


def text_card(tuned: TunedText, scores: TextScores) -> str:
    """Return the card of a tuned model as Markdown."""
    asked = {
        "classify": "one class of several",
        "multilabel": "any of several classes",
        "regress": "a number",
        "pair": "how well two texts belong together",
    }[tuned.task.kind]
    classes = named_classes(tuned.task.classes)
    rows = "\n".join(
        f"| {name} | {value:.4f}{around(scores, name)} |" for name, value in scores.values.items()
    )
    made = "\n".join(f"| {name} | {value} |" for name, value in _told(tuned).items())
    most = f", {tuned.facts['longest']} tokens at most" if tuned.base.longest else ""
    return f"""# Language model, tuned for texts

It reads a text{most}, and says {asked}.
{classes}

## Numbers

On {scores.texts:,} texts that neither taught nor chose anything, 95 % intervals over texts.

| | |
| --- | --- |
{rows}

## How it was made

| | |
| --- | --- |
{made}

## Limits

- It knows texts like those it learned from; of another shop, language or year ask it with care.
- What the base learned elsewhere, its prejudices among it, it may repeat.
- The change alone lies here: it answers upon the base that it was tuned from, and upon no other.
- It was not made to judge people: whoever decides about somebody by it should read the text.
"""


def pretrained_card(done: PretrainedText) -> str:
    """Return the card of a model that learned from texts without a label, as Markdown."""
    facts = {name: each for name, each in done.facts.items() if name != "config"}
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    examined = "\n".join(f"| {step:,} | {value:.4f} |" for step, value in done.course.examined)
    return f"""# Language model, pretrained on a shop's texts

It has {done.weights:,} weights and learned for {done.seconds:.0f} s, without a label.

| | |
| --- | --- |
{rows}

## Loss of texts held out

| steps | loss |
| --- | --- |
{examined}

## Limits

- It has seen the shop's texts: whoever may not read these should not be given the model.
- What the base learned elsewhere, its prejudices among it, it may repeat.
- Losses of two vocabularies cannot be compared.
"""


def _told(tuned: TunedText) -> dict[str, str]:
    facts = tuned.facts
    share = tuned.trained / max(tuned.weights, 1)
    weights = [f"{each:.2f}" for each in tuned.blend.weights_]
    return {
        "base": str(facts["base"]),
        "method": str(facts["method"]),
        "loss": str(facts["loss"]),
        "weights that learned": f"{tuned.trained:,} of {tuned.weights:,} ({share:.1%})",
        "texts": f"{facts['texts']:,}, of them {facts['held_out']:,} held out to choose",
        "best steps": f"{facts['steps']:,}",
        **({"texts without a label": f"{facts['unlabelled']:,}"} if "unlabelled" in facts else {}),
        ", ".join(tuned.readers): ", ".join(weights),
        "seconds": f"{tuned.seconds:.0f}",
        "seed": str(facts["seed"]),
    }


def named_classes(classes: Sequence[str]) -> str:
    """Return the classes as a card tells them; nothing for a number."""
    more = f" and {len(classes) - NAMED:,} more" if len(classes) > NAMED else ""
    return f"Classes: {', '.join(classes[:NAMED])}{more}." if classes else ""


def around(scores: TextScores, name: str) -> str:
    """Return the interval of a figure as a card tells it; nothing where there is none."""
    if name not in scores.intervals:
        return ""
    low, high = scores.intervals[name]
    return f" [{low:.4f}, {high:.4f}]"


def metrics_table(scores: TextScores, readers: Mapping[str, TextScores]) -> str:
    """Return the metrics with their intervals as a table, a column more for each reader alone."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in readers)
    rows = []
    for name, value in scores.values.items():
        cells = "".join(f"<td>{figure(each.values.get(name))}</td>" for each in readers.values())
        rows.append(
            f"<tr><th>{say(NAMES.get(name, name))}</th><td><span class='v'>{figure(value)}</span>"
            f"<span class='i'>{around(scores, name)}</span></td>{cells}</tr>"
        )
    return (
        f"<div class='scroll'><table><thead><tr><th>{say(HEADS['metric'])}</th>"
        f"<th>{say(HEADS['value'])}</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def class_table(scores: TextScores) -> str:
    """Return how each class fared, as a table."""
    heads = "".join(
        f"<th>{say(HEADS[name])}</th>" for name in ("class", "precision", "recall", "f1", "support")
    )
    rows = "".join(
        f"<tr><th>{escape(each.name)}</th><td>{figure(each.precision)}</td>"
        f"<td>{figure(each.recall)}</td><td>{figure(each.f1)}</td><td>{each.support:,}</td></tr>"
        for each in scores.classes
    )
    return (
        f"<div class='scroll'><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _facts(tuned: TunedText) -> str:
    told: dict[str, Any] = _told(tuned)
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(each)}</dd>" for name, each in told.items())
    return f"<div class='notes'><div class='note'><dl>{rows}</dl></div></div>"


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"


def _width(name: str) -> float:
    """Return how wide a name is in letters; a Chinese character takes two."""
    return sum(2 if ord(each) > 0x2E7F else 1 for each in _short(name))
