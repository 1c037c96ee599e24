"""Pictures of a grocery and what is written of them, each alone and both together.

The descriptions of 81 products (Klasson, Zhang, Kjellström 2019) name the class, and one that was
met says it for sure. So two questions are put in which a text says something, but not all. Every
word of a product's or a class' name is left out of all texts.

*new*: products that neither taught by a picture nor by a text, of the 12 classes that have several:
each product is asked once, by models that learned from two thirds of the others of each class;
intervals are over the 50 products. *words*: the data's own split; of its product's description each
picture has a few words, drawn by chance (made for this question: no shop wrote them); intervals are
over pictures.

Pictures are told by the frozen base and its mirror images, texts by the frozen MiniLM and their
words; rows whose texts taught neither weigh both, as ``limner vision finetune --method frozen
--text`` has it. Vectors are kept in a folder, since they take minutes::

    python benchmarks/vision_together.py new words --seeds 0 1 2 --keep /tmp/vectors
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from limner.encoders.language.opening import Opened, open_language
from limner.heads.language.blend import Blend
from limner.heads.language.task import TextTask
from limner.training.language.finetuning import finetune_texts
from limner.training.language.first_text_head import first_head
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig
from limner.training.language.text_model import features_of
from limner.training.language.tuned_text import TunedText
from limner.training.vision.together import set_apart
from vision import vectors_of

FOLDER = Path(__file__).parents[1].parent / "shared/data/grocery_images"
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Right = tuple[dict[str, NDArray[np.bool_]], NDArray[Any]]
"""Who was right, by who answered (N,), and to which group each row belongs."""
FOLDS, WORDS = 3, 2
VARIANTS = ("yogurt", "ghurt")
"""Other spellings of a class' name."""


def without_names(products: pl.DataFrame) -> dict[str, str]:
    """Return the description of each product without any word of a name."""
    names = {
        word.casefold()
        for name in [*products["class"], *products["coarse_class"]]
        for word in name.split("-")
    }
    stems = tuple(sorted({each for each in names if len(each) > 2} | set(VARIANTS)))
    return {
        row["class"]: " ".join(
            word
            for word in re.findall(r"[^\W\d_]+", row["description"])
            if not word.casefold().startswith(stems)
        )
        for row in products.iter_rows(named=True)
    }


def answers(
    task: TextTask,
    told: Floats,
    texts: list[str],
    truth: Floats,
    *,
    known: Ints,
    asked: Ints,
    seed: int,
    opened: Opened,
) -> dict[str, NDArray[Any]]:
    """Let both learn from some rows, be weighed, and answer for others: names of classes (N,)."""
    taught, held = set_apart([texts[row] for row in known], truth[known], seed=seed)
    features = [features_of([torch.from_numpy(told[:, side])], None).numpy() for side in range(2)]
    mean = (features[0] + features[1]) / 2
    rows = np.concatenate([known[taught], known[taught]])
    sides = np.concatenate([features[0][known[taught]], features[1][known[taught]]])
    weights, shift = first_head(
        task,
        np.concatenate([sides, mean[known[held]]]),
        np.concatenate([truth[rows], truth[known[held]]]),
        taught=np.arange(len(rows)),
        held=np.arange(len(rows), len(rows) + len(held)),
    )
    seen = mean @ weights.T + shift
    config = TextFinetuneConfig(method="frozen")

    def reads(some: Ints) -> TunedText:
        pairs = {(texts[row], truth[row].tobytes()): row for row in some}
        different = np.array(list(pairs.values()))
        labelled = LabelledTexts(tuple((texts[row],) for row in different), truth[different])
        return finetune_texts(task, labelled, config=config, seed=seed, opened=opened)

    def said(reader: TunedText, some: Ints) -> NDArray[np.float64]:
        return np.asarray(reader.blend(reader.readings([(texts[row],) for row in some])))

    first = reads(known[taught])
    blend = Blend(task).fit([seen[known[held]], said(first, known[held])], truth[known[held]])
    written = said(reads(known), asked)
    classes = np.array(task.classes)
    return {
        "pictures": classes[seen[asked].argmax(axis=1)],
        "texts": classes[written.argmax(axis=1)],
        "together": classes[blend([seen[asked], written]).argmax(axis=1)],
    }


def of_new_products(table: pl.DataFrame, told: Floats, texts: dict[str, str], seed: int) -> Right:
    """Return who was right of each product's pictures, and which product it was."""
    several = (
        table.group_by("coarse_class").agg(pl.col("class").n_unique()).filter(pl.col("class") > 1)
    )
    kept = np.flatnonzero(table["coarse_class"].is_in(several["coarse_class"].implode()).to_numpy())
    part, told = table[kept], told[kept]
    task = TextTask.of("classify", part["coarse_class"].to_list())
    truth = task.truth(part["coarse_class"].to_list())
    rng, fold = np.random.default_rng(seed), {}
    for of_class in part.partition_by("coarse_class"):
        for at, name in enumerate(rng.permutation(of_class["class"].unique().sort().to_numpy())):
            fold[name] = at % FOLDS
    place = np.array([fold[name] for name in part["class"]])
    said = [texts[name] for name in part["class"]]
    right = {name: np.zeros(len(part), bool) for name in ("pictures", "texts", "together")}
    opened = open_language("minilm")
    for at in range(FOLDS):
        known, asked = np.flatnonzero(place != at), np.flatnonzero(place == at)
        found = answers(task, told, said, truth, known=known, asked=asked, seed=seed, opened=opened)
        for name, each in found.items():
            right[name][asked] = each == part["coarse_class"].to_numpy()[asked]
    return right, part["class"].to_numpy()


def of_few_words(table: pl.DataFrame, told: Floats, texts: dict[str, str], seed: int) -> Right:
    """Return who was right of each picture of the test split; every picture is its own group."""
    rng = np.random.default_rng(seed)
    words = {name: [each for each in text.split() if len(each) > 2] for name, text in texts.items()}
    said = [
        " ".join(rng.choice(words[name], min(WORDS, len(words[name])), replace=False))
        for name in table["class"]
    ]
    labels = table["coarse_class"].to_list()
    task = TextTask.of("classify", labels)
    test = (table["split"] == "test").to_numpy()
    asked = np.flatnonzero(test)
    found = answers(
        task,
        told,
        said,
        task.truth(labels),
        known=np.flatnonzero(~test),
        asked=asked,
        seed=seed,
        opened=open_language("minilm"),
    )
    right = {name: each == table["coarse_class"].to_numpy()[asked] for name, each in found.items()}
    return right, asked


def around(right: NDArray[np.bool_], groups: NDArray[Any]) -> tuple[float, float, float]:
    """Return the share that is true, and where 95 % of 2,000 resamples of groups have it."""
    _, which = np.unique(groups, return_inverse=True)
    hits, sizes = np.bincount(which, right), np.bincount(which)
    draws = np.random.default_rng(0).integers(0, len(sizes), (2000, len(sizes)))
    shares = hits[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(hits.sum() / sizes.sum()), float(low), float(high)


def main() -> None:
    """Put the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="+", choices=["new", "words"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    table = pl.read_parquet(FOLDER / "images_128px.parquet")
    texts = without_names(pl.read_parquet(FOLDER / "classes.parquet"))
    told = vectors_of(table["image_jpeg_128"].to_list(), asked.size, asked.keep)
    rows: list[dict[str, Any]] = []
    for question in asked.questions:
        for seed in asked.seeds:
            put = of_new_products if question == "new" else of_few_words
            right, groups = put(table, told, texts, seed)
            better = right["together"].astype(float)
            for name, each in right.items():
                share, low, high = around(each, groups)
                gain = around(better - each, groups)
                print(
                    f"{question:5} seed {seed} {name:8}: accuracy {share:.4f} [{low:.4f},"
                    f" {high:.4f}] of {len(each):,}; together {gain[0]:+.4f} [{gain[1]:+.4f},"
                    f" {gain[2]:+.4f}]",
                    flush=True,
                )
                row = {"question": question, "seed": seed, "reader": name, "accuracy": share}
                rows.append({**row, "low": low, "high": high, "gain": gain})
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
