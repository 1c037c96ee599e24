"""Vision models on the pictures of a grocery, beside histograms and frozen vectors.

5,421 pictures of 128 pixels in 43 coarse classes, with their own split (Klasson, Zhang, Kjellström
2019); the pictures to validate teach too, once they have chosen. *histogram* is scikit-learn's
support vector machine upon histograms of hue, saturation and brightness; *vectors* logistic
regression upon the vectors of the base as it is; *mirrored* the same of pictures and their mirror
images. Whatever else is named is a method of ``limner vision finetune``, held out are a tenth or,
with ``--validate``, the validation split. 95 % intervals are over pictures of the test split, by
which nothing is chosen::

    python benchmarks/vision.py --methods histogram vectors mirrored frozen --seeds 0 1 2
    python benchmarks/vision.py --methods top --validate --set taught_size=176 epochs=4
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
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse weights of the squared coefficients that the validation split chooses among."""
PLAIN = frozenset({"histogram", "vectors", "mirrored"})


def histograms(pictures: list[bytes]) -> Floats:
    """Return how often each hue, saturation and brightness comes in a picture (N, 96), by roots."""
    found = []
    for each in pictures:
        values = np.asarray(Image.open(io.BytesIO(each)).convert("HSV")).reshape(-1, 3)
        found.append(np.concatenate([np.bincount(one // 8, minlength=32) for one in values.T]))
    told = np.array(found, float)
    return np.sqrt(told / told.sum(axis=1, keepdims=True))


def vectors_of(pictures: list[bytes], size: int, keep: Path | None) -> NDArray[np.float32]:
    """Return the vectors of pictures and of their mirror images (N, 2, D), kept once made."""
    file = None if keep is None else keep / f"vectors-{size}.npy"
    if file is not None and file.is_file():
        return np.asarray(np.load(file), np.float32)
    encoder, found = PictureEncoder(open_vision(size=size)), []
    for at in range(0, len(pictures), 256):
        pixels = pixels_of(pictures[at : at + 256], size=size)
        mirrored = np.ascontiguousarray(pixels[..., ::-1])
        found.append(np.stack([encoder.read(pixels), encoder.read(mirrored)], axis=1))
    told = np.concatenate(found)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, told)
    return told


def by_vectors(
    told: NDArray[np.float32], labels: NDArray[Any], split: NDArray[Any], *, mirrored: bool
) -> tuple[NDArray[Any], float]:
    """Return what a logistic regression says of the test split, and the C that validation chose.

    Vectors (N, 2, D) are those of pictures and of their mirror images; ``mirrored``: both teach,
    and the mean of both answers.
    """
    unit = told / np.linalg.norm(told, axis=2, keepdims=True) * told.shape[2] ** 0.5
    sides = 2 if mirrored else 1

    def fit(rows: NDArray[np.bool_], strength: float) -> LogisticRegression:
        model = LogisticRegression(C=strength / sides, max_iter=300)
        return model.fit(
            unit[rows, :sides].reshape(-1, told.shape[2]), np.repeat(labels[rows], sides)
        )

    def answer(model: LogisticRegression, rows: NDArray[np.bool_]) -> NDArray[Any]:
        return np.asarray(model.predict(unit[rows, :sides].mean(axis=1)))

    val, test = split == "val", split == "test"
    right = {
        strength: float((answer(fit(split == "train", strength), val) == labels[val]).mean())
        for strength in STRENGTHS
    }
    best = max(right, key=lambda strength: (right[strength], -strength))
    return answer(fit(~test, best), test), best


def main() -> None:
    """Read which methods, and let each learn and answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["histogram", "vectors", "full"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--set", nargs="*", default=[], help="NAME=JSON of [vision]")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for vectors, which take minutes")
    parser.add_argument("--validate", action="store_true", help="the validation split examines")
    asked = parser.parse_args()
    settings = {name: json.loads(value) for name, _, value in (e.partition("=") for e in asked.set)}
    table = pl.read_parquet(DATA)
    taught, held = table.filter(pl.col("split") != "test"), table.filter(pl.col("split") == "test")
    pictures, labels = taught["image_jpeg_128"].to_list(), taught["coarse_class"].to_list()
    others, truth = held["image_jpeg_128"].to_list(), held["coarse_class"].to_numpy()
    task = TextTask.of("classify", labels)
    rows: list[dict[str, Any]] = []
    for method in asked.methods:
        for seed in asked.seeds if method not in PLAIN else [0]:
            began, facts = time.perf_counter(), {}
            if method == "histogram":
                model = SVC(C=10.0).fit(histograms(pictures), labels)
                said = model.predict(histograms(others))
            elif method in PLAIN:
                both = vectors_of(table["image_jpeg_128"].to_list(), asked.size, asked.keep)
                classes, split = table["coarse_class"].to_numpy(), table["split"].to_numpy()
                said, best = by_vectors(both, classes, split, mirrored=method == "mirrored")
                facts = {"C": best}
            else:
                config = PictureTuneConfig.read(
                    {"size": asked.size, **settings, "method": method}, where="--set"
                )
                apart = np.flatnonzero((taught["split"] == "val").to_numpy())
                tuned = tune_pictures(
                    task,
                    pictures,
                    task.truth(labels),
                    config=config,
                    seed=seed,
                    apart=apart if asked.validate else None,
                )
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
