"""Vision models on the pictures of a grocery, beside histograms and frozen vectors.

5,421 pictures of 128 pixels in 43 coarse classes, with their own split (Klasson, Zhang, Kjellström
2019); the pictures to validate teach too unless a method holds some out itself. *histogram* is
scikit-learn's support vector machine upon histograms of hue, saturation and brightness; *vectors*
logistic regression upon the vectors of the base as it is. Whatever else is named is a method of
``limner vision finetune``. 95 % intervals are over pictures of the test split, by which nothing is
chosen::

    python benchmarks/vision.py --methods histogram vectors frozen top full --seeds 0 1 2
"""

import argparse
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import pixels_of
from limner.heads.language.task import TextTask
from limner.training.vision.picture_tuning import PictureTuneConfig, tune_pictures

DATA = Path(__file__).parents[1].parent / "shared/data/grocery_images/images_128px.parquet"
Floats = NDArray[np.float64]


def histograms(pictures: list[bytes]) -> Floats:
    """Return how often each hue, saturation and brightness comes in a picture (N, 96), by roots."""
    found = []
    for each in pictures:
        values = np.asarray(Image.open(io.BytesIO(each)).convert("HSV")).reshape(-1, 3)
        found.append(np.concatenate([np.bincount(one // 8, minlength=32) for one in values.T]))
    told = np.array(found, float)
    return np.sqrt(told / told.sum(axis=1, keepdims=True))


def vectors(pictures: list[bytes], size: int) -> Floats:
    """Return the vectors of a base as it is, of length 10."""
    encoder = PictureEncoder(open_vision(size=size))
    told = encoder.read(pixels_of(pictures, size=size))
    return np.asarray(10 * told / np.linalg.norm(told, axis=1, keepdims=True), float)


def main() -> None:
    """Read which methods, and let each learn and answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["histogram", "vectors", "full"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--set", nargs="*", default=[], help="NAME=JSON of [vision]")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings = {name: json.loads(value) for name, _, value in (e.partition("=") for e in asked.set)}
    table = pl.read_parquet(DATA)
    taught, held = table.filter(pl.col("split") != "test"), table.filter(pl.col("split") == "test")
    pictures, labels = taught["image_jpeg_128"].to_list(), taught["coarse_class"].to_list()
    others, truth = held["image_jpeg_128"].to_list(), held["coarse_class"].to_numpy()
    task = TextTask.of("classify", labels)
    rows: list[dict[str, Any]] = []
    for method in asked.methods:
        for seed in asked.seeds if method not in {"histogram", "vectors"} else [0]:
            began, facts = time.perf_counter(), {}
            if method in {"histogram", "vectors"}:
                read = (
                    histograms if method == "histogram" else lambda some: vectors(some, asked.size)
                )
                model = SVC(C=10.0) if method == "histogram" else LogisticRegression(max_iter=1000)
                said = model.fit(read(pictures), labels).predict(read(others))
            else:
                config = PictureTuneConfig.read(
                    {"size": asked.size, **settings, "method": method}, where="--set"
                )
                tuned = tune_pictures(task, pictures, task.truth(labels), config=config, seed=seed)
                answers = tuned.predict(others)
                said = np.array(task.classes)[answers.argmax(axis=1)]
                facts = {"trained": tuned.trained, "seconds": round(tuned.seconds)}
            right = said == truth
            rng = np.random.default_rng(seed)
            draws = right[rng.integers(0, len(right), (1000, len(right)))].mean(axis=1)
            low, high = np.quantile(draws, [0.025, 0.975])
            seconds = time.perf_counter() - began
            print(
                f"{method:10} seed {seed}: accuracy {right.mean():.4f} [{low:.4f}, {high:.4f}] of "
                f"{len(right):,}, {seconds:.0f} s {facts}",
                flush=True,
            )
            rows.append(
                {
                    "method": method,
                    "seed": seed,
                    "accuracy": float(right.mean()),
                    "low": float(low),
                    "high": float(high),
                    "seconds": seconds,
                    **facts,
                }
            )
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
