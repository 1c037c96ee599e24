"""Language models on labelled texts, beside linear models upon words and frozen vectors.

``python benchmarks/language.py banking77 clinc150 --methods tfidf minilm frozen full lora`` lets
each method learn from the same texts and asks it about the same others, by which nothing was
chosen. *tfidf* is scikit-learn's TF-IDF (words and pairs of them; in Chinese, runs of one to three
characters) with a linear support vector machine, for numbers with ridge regression; *minilm*
logistic or ridge regression upon the base's vectors, of length 1. Whatever else is named is a
method of ``limner language finetune``: *both* is what it answers with the words, *model* the model
alone. 95 % intervals are over texts.

``--few 10`` lets ten texts a class teach, ``--share 0.01`` one in a hundred, drawn anew by each
seed; with ``--unlabelled`` the others are read too, without their labels, and *directions* is what
is answered by their main directions alone. How much oftener each is right than a yardstick is told
with 95 % intervals over texts, the mean over seeds. ``--set base=models/zh`` and the like set
anything of ``[language]``. The data lie in the data folder; ``online_shopping`` and ``reviews`` are
split by a hash of the text, ``sentfin`` by headline.
"""

import argparse
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.texts import is_chinese, tidy_texts
from limner.encoders.language.tokens import Tokens
from limner.heads.language.task import TextTask
from limner.training.language.finetuning import finetune_texts
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig
from limner.training.language.text_metrics import score_texts

DATA = Path(__file__).parents[1].parent / "shared/data"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts to learn from and to ask, with their labels; ``kind`` is what is asked.

    ``hidden`` are texts to learn from whose labels were taken away.
    """

    kind: str
    train: list[str]
    labels: list[Any]
    test: list[str]
    truth: list[Any]
    hidden: tuple[str, ...] = ()


def hashed(text: object, *, tenth: int = 10) -> bool:
    """Return whether a text is one of the tenth that is asked."""
    digest = hashlib.blake2b(str(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % tenth == 0


def split_by(table: pl.DataFrame, column: str, text: str, label: str, kind: str) -> Texts:
    """Split a table by the hash of a column."""
    asked = pl.Series([hashed(each) for each in table[column]])
    taught, held = table.filter(~asked), table.filter(asked)
    return Texts(
        kind,
        taught[text].to_list(),
        taught[label].to_list(),
        held[text].to_list(),
        held[label].to_list(),
    )


def intents(name: str) -> Texts:
    """Return customers' intents with their own split; what was held to validate teaches too."""
    table = pl.read_parquet(DATA / f"intents/{name}.parquet")
    taught = table.filter(pl.col("split") != "test")
    held = table.filter(pl.col("split") == "test")
    parts = [each[column].to_list() for each in (taught, held) for column in ("text", "intent")]
    return Texts("classify", *parts)


def load(name: str) -> Texts:
    """Read one of the data sets."""
    if name in {"banking77", "clinc150"}:
        return intents(name)
    if name.startswith("online_shopping"):
        table = pl.read_parquet(DATA / "chinese_reviews/online_shopping_10_cats.parquet")
        label = "category" if name.endswith("category") else "label"
        return split_by(table.drop_nulls("text"), "text", "text", label, "classify")
    if name == "sentfin":
        table = pl.read_parquet(DATA / "finance_sentiment/sentfin_entities.parquet")
        table = table.with_columns(text=pl.col("entity") + ": " + pl.col("headline"))
        return split_by(table, "headline", "text", "sentiment", "classify")
    table = pl.read_parquet(DATA / "datafiniti_amazon_reviews/reviews.parquet")
    table = table.drop_nulls(["text", "rating"]).with_columns(
        text=pl.concat_str(["title", "text"], separator=". ", ignore_nulls=True),
        good=(pl.col("rating") >= 4).cast(pl.Int64),
    )
    if name == "reviews_rating":
        return split_by(table, "text", "text", "rating", "regress")
    return split_by(table, "text", "text", "good", "classify")


BASE_LINES = ("tfidf", "minilm")
NAMES = (
    *("banking77", "clinc150", "sentfin", "reviews_rating", "reviews_good"),
    *("online_shopping", "online_shopping_category"),
)


def thinned(texts: Texts, *, few: int, share: float, seed: int) -> Texts:
    """Return fewer texts to learn from: so many a class, or a share of all."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(texts.train))
    if few:
        seen: dict[Any, int] = {}
        kept = []
        for row in order:
            label = texts.labels[row]
            if seen.get(label, 0) < few:
                seen[label] = seen.get(label, 0) + 1
                kept.append(row)
        order = np.array(kept)
    elif share < 1:
        order = order[: max(2, round(share * len(order)))]
    else:
        return texts
    return Texts(
        texts.kind,
        [texts.train[row] for row in order],
        [texts.labels[row] for row in order],
        texts.test,
        texts.truth,
        tuple(texts.train[row] for row in sorted(set(range(len(texts.train))) - set(order))),
    )


def tfidf(task: TextTask, texts: Texts) -> Floats:
    """Return the answers of a linear model upon words."""
    chinese = is_chinese(texts.train)
    how = {"analyzer": "char", "ngram_range": (1, 3)} if chinese else {"ngram_range": (1, 2)}
    terms = TfidfVectorizer(sublinear_tf=True, **how)
    taught, asked = terms.fit_transform(texts.train), terms.transform(texts.test)
    if not task.classes:
        return np.asarray(Ridge(alpha=1.0).fit(taught, texts.labels).predict(asked))
    right = task.truth(texts.labels).argmax(axis=1)
    said = LinearSVC().fit(taught, right).predict(asked)
    return np.eye(len(task.classes))[said]


def frozen(task: TextTask, texts: Texts, base: str) -> Floats:
    """Return the answers of a linear model upon the vectors of a base as it is."""
    opened = open_language(base)
    encoder = TextEncoder.of(opened)

    def vectors(some: Sequence[str]) -> NDArray[np.float32]:
        told = encoder.read(Tokens.of(opened.tokeniser, tidy_texts(some), longest=128))
        return np.asarray(told / np.linalg.norm(told, axis=1, keepdims=True))

    taught, asked = vectors(texts.train), vectors(texts.test)
    if not task.classes:
        return np.asarray(Ridge(alpha=1.0).fit(taught, texts.labels).predict(asked))
    right = task.truth(texts.labels).argmax(axis=1)
    model = LogisticRegression(C=10.0, max_iter=1000).fit(taught, right)
    said = np.zeros((len(asked), len(task.classes)))
    said[:, model.classes_] = model.predict_proba(asked)
    return said


def ours(
    task: TextTask,
    texts: Texts,
    method: str,
    settings: dict[str, Any],
    seed: int,
    *,
    unlabelled: bool,
) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Return the answers of all readers together and of each alone, and what it took."""
    known = LabelledTexts.of(task, [(each,) for each in texts.train], texts.labels)
    config = TextFinetuneConfig.read({**settings, "method": method})
    hidden = texts.hidden if unlabelled else ()
    tuned = finetune_texts(task, known, unlabelled=hidden, config=config, seed=seed)
    told = tuned.readings([(each,) for each in texts.test])
    answers = {"both": task.answer(tuned.blend(told))}
    answers |= {name: task.answer(each) for name, each in zip(tuned.readers, told, strict=True)}
    facts = {
        "seconds": round(tuned.seconds),
        "trained": tuned.trained,
        "share": round(tuned.trained / tuned.weights, 4),
        "weights": [round(float(each), 2) for each in tuned.blend.weights_],
    }
    return answers, facts


def examine(name: str, asked: argparse.Namespace, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Let every method learn with every seed, and print and return their figures."""
    whole, rows = load(name), []
    right: dict[str, list[NDArray[np.bool_]]] = defaultdict(list)
    print(f"{name}: {len(whole.train):,} to learn from, {len(whole.test):,} asked", flush=True)
    for seed in asked.seeds:
        texts = thinned(whole, few=asked.few, share=asked.share, seed=seed)
        task = TextTask.of(texts.kind, texts.labels)
        truth = task.truth(texts.truth)
        told: dict[str, tuple[Floats, dict[str, Any]]] = {}
        if seed == asked.seeds[0] or asked.few or asked.share < 1:
            for base_line, answer in (
                ("tfidf", lambda: tfidf(task, texts)),  # noqa: B023 - asked at once
                ("minilm", lambda: frozen(task, texts, settings.get("base", "minilm"))),  # noqa: B023
            ):
                if base_line in asked.methods:
                    began = time.perf_counter()
                    said = answer()
                    told[base_line] = said, {"seconds": round(time.perf_counter() - began)}
        for method in asked.methods:
            if method not in BASE_LINES:
                answers, facts = ours(
                    task, texts, method, settings, seed, unlabelled=asked.unlabelled
                )
                told |= {f"{method}, {who}": (each, facts) for who, each in answers.items()}
        for who, (said, facts) in told.items():
            scores = score_texts(task, said, truth, seed=seed)
            row = {"data": name, "seed": seed, "method": who, **scores.values, **facts}
            row["intervals"] = {key: list(each) for key, each in scores.intervals.items()}
            rows.append(row)
            if task.alone:
                right[who].append(said.argmax(axis=1) == truth.argmax(axis=1))
            figures = ", ".join(
                f"{key} {scores.values[key]:.4f} [{low:.4f}, {high:.4f}]"
                for key, (low, high) in scores.intervals.items()
            )
            print(f"  seed {seed}, {who:18s} {figures}  {facts}", flush=True)
    _means(rows)
    _pairs(right)
    return rows


def _means(rows: Sequence[dict[str, Any]]) -> None:
    """Print the mean over seeds of each method."""
    for who in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == who]
        names = [key for key in ("accuracy", "macro_f1", "rmse", "spearman") if key in own[0]]
        figures = ", ".join(f"{key} {np.mean([row[key] for row in own]):.4f}" for key in names)
        print(f"  mean of {len(own)}, {who:18s} {figures}", flush=True)


def _pairs(right: dict[str, list[NDArray[np.bool_]]]) -> None:
    """Print how much oftener each is right than the words alone, of the same texts and seeds."""
    for base_line in BASE_LINES:
        for who, each in right.items():
            if base_line not in right or who in BASE_LINES:
                continue
            # A text is drawn with what was said of it after every seed.
            count = min(len(each), len(right[base_line]))
            more = np.mean([each[at] * 1.0 - right[base_line][at] for at in range(count)], axis=0)
            rng = np.random.default_rng(0)
            drawn = [more[rng.integers(0, len(more), len(more))].mean() for _ in range(1000)]
            low, high = np.percentile(drawn, [2.5, 97.5])
            print(f"  {who} above {base_line}: {more.mean():.4f} [{low:.4f}, {high:.4f}]")


def main() -> None:
    """Examine each data set that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=NAMES)
    parser.add_argument("--methods", nargs="+", default=["tfidf", "minilm", "full"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--few", type=int, default=0, help="texts a class to learn from")
    parser.add_argument("--share", type=float, default=1.0, help="of the texts to learn from")
    parser.add_argument(
        "--unlabelled", action="store_true", help="let texts whose labels were hidden tell too"
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings: dict[str, Any] = {}
    for each in asked.set:
        key, _, value = each.partition("=")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError:
            settings[key] = value
    rows = [row for name in asked.names for row in examine(name, asked, settings)]
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
