"""The page of a model that was tuned for pictures: figures, confusion, and the nearest pictures."""

# ruff: noqa: RUF001 - Chinese punctuation is meant
import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.encoders.vision.pictures import open_picture
from limner.training.language.text_metrics import TextScores
from limner.training.language.text_report import (
    around,
    class_table,
    confusion_section,
    metrics_table,
    named_classes,
)
from limner.training.page import framed
from limner.training.vision.contrast import PictureTitles
from limner.training.vision.picture_tuning import Picture, TunedPictures
from limner.training.words import Words, say

__all__ = ["nearest", "picture_card", "picture_report", "titles_card"]

Floats = NDArray[np.float32]
SHOWN, NEAREST, THUMB = 6, 5, 72
TITLE: Words = ("What pictures show", "图片模型报告")
NUMBERS: Words = ("How right it is", "准确程度")
NEAR: Words = ("The nearest pictures", "最相近的图片")
NEAR_TOLD: Words = (
    "Left a picture that taught nothing, then those it learned from that lie nearest.",
    "左侧为未参与训练的图片，其后为训练图片中与之最相近者。",
)
CLASSES: Words = ("Each class", "各类别")


def picture_card(
    tuned: TunedPictures,
    scores: TextScores,
    *,
    readers: Mapping[str, TextScores] | None = None,
    beside: Mapping[str, Any] | None = None,
) -> str:
    """Return the card of a tuned model as Markdown.

    Parameters
    ----------
    tuned
        What was tuned.
    scores
        What came of asking pictures that it never met.
    readers
        The same of pictures and texts alone, where both were read.
    beside
        What else is to be told of how it was made.
    """
    told = beside or {}
    reads = ", reads what is written of it," if readers else ","
    asked = {
        "classify": "one class of several",
        "multilabel": "any of several classes",
        "regress": "a number",
    }[tuned.task.kind]
    classes = named_classes(tuned.task.classes)
    alone = readers or {}
    heads = "| | " + "".join(f"| {name} alone " for name in alone) + "|"
    lines = "| --- | --- " + "| --- " * len(alone) + "|"
    rows = "\n".join(
        f"| {name} | {value:.4f}{around(scores, name)} |"
        + "".join(f" {each.values[name]:.4f} |" for each in alone.values())
        for name, value in scores.values.items()
    )
    facts = {name: each for name, each in tuned.facts.items() if name not in {"config", "tuning"}}
    facts |= {"weights": f"{tuned.weights:,}", "trained": f"{tuned.trained:,}"}
    facts |= {f"{name} beside" if name in facts else name: each for name, each in told.items()}
    made = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return f"""# Vision model, tuned for pictures

It looks at the middle of a picture, {tuned.encoder.size} pixels a side{reads}
and says {asked}.
{classes}

## Numbers

On {scores.texts:,} pictures that neither taught nor chose anything, 95 % intervals over pictures.

{heads}
{lines}
{rows}

## How it was made

| | |
| --- | --- |
{made}

## Limits

- It knows pictures like those it learned from; with another camera, light or shop ask it with care.
- What the base learned elsewhere, its prejudices among it, it may repeat.
- The change alone lies here: it answers upon the base that it was tuned from, and upon no other.
- It was not made to look at people.
"""


def titles_card(done: PictureTitles) -> str:
    """Return the card of a model that learned what pictures are called, as Markdown."""
    exams = {
        f"{done.facts['titles_held_out']:,} titles held out": done.held,
        f"{done.facts['test_titles']:,} titles of a table of its own": done.test,
    }
    rows = "\n".join(
        f"| {name} | {at} | {exam['before'][at]:.4f} | {exam['after'][at]:.4f} |"
        for name, exam in exams.items()
        if exam
        for at in exam["before"]
    )
    facts = {name: each for name, each in done.facts.items() if name != "config"}
    made = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return f"""# Vision model that learned what pictures are called

It learned for {done.seconds:.0f} s, without a label: pictures near the titles that are written of
them, far from those of others. It opens as the base of `limner vision finetune`, and as the
`encoder` of `[image]`.

## How often the right title is among the K nearest

*Before* the model was as it came, and the two maps that join it to titles were the best linear
ones.

| asked | | before | after |
| --- | --- | --- | --- |
{rows}

## How it was made

| | |
| --- | --- |
{made}

## Limits

- It has seen the shop's pictures and titles: whoever may not see these should not be given it.
- It knows what was written; what titles leave out it need not see.
- What the base learned elsewhere, its prejudices among it, it may repeat.
"""


def nearest(asked: Floats, known: Floats, *, most: int = NEAREST) -> NDArray[np.int64]:
    """Return for each vector (N, D) which of others (M, D) lie nearest by their cosine: (N, K)."""

    def unit(vectors: Floats) -> Floats:
        length = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
        return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)

    near = unit(asked) @ unit(known).T
    return np.asarray(np.argsort(-near, axis=1, kind="stable")[:, :most], np.int64)


def picture_report(
    tuned: TunedPictures,
    scores: TextScores,
    asked: Sequence[Picture],
    known: Sequence[Picture],
    near: NDArray[np.int64],
    *,
    readers: Mapping[str, TextScores] | None = None,
) -> str:
    """Return the page, whole in itself, in both languages.

    Parameters
    ----------
    tuned
        What was tuned.
    scores
        What came of asking pictures that it never met.
    asked
        Some of these (N,); six are shown.
    known
        What it learned from.
    near
        Which of these lie nearest to each of the pictures asked (N, K).
    readers
        What came of pictures and texts alone, where both were read.
    """
    share = tuned.trained / max(tuned.weights, 1)
    told = (
        f"{tuned.facts['base']}, {tuned.facts['method']}: {tuned.trained:,} of {tuned.weights:,} "
        f"({share:.1%}), {tuned.seconds:.0f} s, {tuned.facts['size']} px"
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{_thumb(each)}</td>" for each in [one, *(known[at] for at in row)])
        + "</tr>"
        for one, row in list(zip(asked, near, strict=False))[:SHOWN]
    )
    parts = [
        f"<section><h2>{say(NUMBERS)}</h2><p class='under'>{escape(told)}</p>"
        + metrics_table(scores, readers or {})
        + "</section>",
        f"<section><h2>{say(NEAR)}</h2><p class='under'>{say(NEAR_TOLD)}</p>",
        f"<div class='scroll'><table><tbody>{rows}</tbody></table></div></section>",
    ]
    parts += confusion_section(scores)
    if scores.classes:
        parts.append(f"<section><h2>{say(CLASSES)}</h2>{class_table(scores)}</section>")
    return framed(TITLE, parts)


def _thumb(picture: Picture) -> str:
    """Return a picture as a small one within the page."""
    small = open_picture(picture)
    small.thumbnail((THUMB, THUMB))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    told = base64.b64encode(out.getvalue()).decode()
    return f"<img alt='' width='{small.width}' src='data:image/jpeg;base64,{told}'>"
