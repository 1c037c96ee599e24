"""How often a picture's own title is among the nearest, before and after contrastive pretraining.

The 81 products of a grocery (Klasson, Zhang, Kjellström 2019), each with its name and description
as its title; pictures of the training and validation split teach, less a tenth of the products with
all their pictures. Asked are the pictures of these products among their titles alone, and the test
split, whose titles taught by other pictures, among all titles. *Before* is the base as it is,
joined to titles by the best linear maps::

    python benchmarks/vision_titles.py --seeds 0 --size 128 --set epochs=3
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from limner.encoders.language.reader import open_reader
from limner.training.vision.contrast import ContrastConfig, pretrain_pictures

FOLDER = Path(__file__).parents[1].parent / "shared/data/grocery_images"


def main() -> None:
    """Let a model learn what pictures are called, a seed at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--set", nargs="*", default=[], help="NAME=JSON of [vision.pretrain]")
    parser.add_argument("--out", type=Path, help="a folder for the last model")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings = {name: json.loads(value) for name, _, value in (e.partition("=") for e in asked.set)}
    config = ContrastConfig.read({"size": asked.size, **settings}, where="--set")
    products = pl.read_parquet(FOLDER / "classes.parquet")
    title = {
        row["class"]: f"{row['class'].replace('-', ' ')}. {row['description']}"
        for row in products.iter_rows(named=True)
    }
    table = pl.read_parquet(FOLDER / "images_128px.parquet")
    known, test = (table.filter((pl.col("split") == "test") == each) for each in (False, True))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as keep:
        reader = open_reader(config.reader, Path(keep))
        for seed in asked.seeds:
            done = pretrain_pictures(
                known["image_jpeg_128"].to_list(),
                [title[name] for name in known["class"]],
                reader,
                asked=(
                    test["image_jpeg_128"].to_list(),
                    [title[name] for name in test["class"]],
                ),
                config=config,
                seed=seed,
            )
            facts = done.facts
            counts = {
                "held": (facts["titles_held_out"], facts["pictures_held_out"]),
                "test": (facts["test_titles"], facts["test_pictures"]),
            }
            for name, exam in (("held", done.held), ("test", done.test)):
                titles, pictures = counts[name]
                for at, after in exam.get("after", {}).items():
                    before = exam["before"][at]
                    print(
                        f"seed {seed} {name}, {pictures:,} pictures among {titles} titles: {at}"
                        f" {before:.4f} before, {after:.4f} after (chance"
                        f" {int(at.partition('@')[2]) / titles:.4f}), {done.seconds:.0f} s",
                        flush=True,
                    )
                    row = {"seed": seed, "exam": name, "metric": at, "before": before}
                    rows.append({**row, "after": after, "steps": facts["steps"]})
            if asked.out:
                done.save(asked.out)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
