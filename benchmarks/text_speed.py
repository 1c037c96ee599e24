"""Titles as vectors: how many a second, beside plain sentence-transformers, in one run.

Both read the same titles with the same model on the same threads, sentence-transformers with its
own defaults and batches of 64. *whole* is our graph for ONNX Runtime, *int8* the same with 8 bits a
weight, *half* the model in torch with products in bfloat16, where the processor has such; beside
each, the least and the mean cosine of its vectors to those of sentence-transformers.
Rounds go in turn, and the medians of the ratios are told. *again* reads the titles a second time
from the cache of vectors. The titles are those of the Complete Journey::

    python benchmarks/text_speed.py --titles 4000 --rounds 3
"""

import argparse
import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from limner import Workspace
from limner.encoders.language.export import export_encoder
from limner.encoders.language.finding import find_folder
from limner.encoders.language.half_bits import HalfReader, has_half_bits
from limner.encoders.language.light import LightEncoder
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.vector_cache import VectorCache
from limner.events.item_texts import catalogue_texts

Floats = NDArray[np.float32]


def titles(count: int, seed: int) -> list[str]:
    """Return so many different titles of the shop."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Workspace.create(Path(folder) / "shop")
        shop.ingest("complete-journey")
        said = catalogue_texts(shop.log.catalogue())["text"]
        shop.close()
    different = said.drop_nulls().unique().sort()
    return different.sample(min(count, len(different)), seed=seed).to_list()


def clocked(read: Callable[[list[str]], Any], texts: list[str]) -> tuple[float, Floats]:
    """Return how many texts a second are read, and the vectors at length 1."""
    began = time.perf_counter()
    vectors = np.asarray(read(texts), np.float32)
    rate = len(texts) / (time.perf_counter() - began)
    return rate, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main() -> None:
    """Read how many titles, let each read them in turn, and tell the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="minilm")
    parser.add_argument("--titles", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    logging.disable(logging.WARNING)
    texts = titles(asked.titles, 0)
    plain = SentenceTransformer(str(find_folder(asked.base)), device="cpu")
    opened = open_language(asked.base)
    with tempfile.TemporaryDirectory() as folder:
        light = {}
        for name in ("whole", "int8"):
            place = Path(folder) / name
            export_encoder(
                TextEncoder.of(opened),
                opened.tokeniser,
                place,
                longest=min(128, opened.longest),
                int8=name == "int8",
            )
            light[name] = LightEncoder(place, threads=asked.threads)
        readers: dict[str, Callable[[list[str]], Any]] = {
            "plain": lambda some: plain.encode(some, batch_size=64, show_progress_bar=False),
            **{name: each.read for name, each in light.items()},
        }
        if has_half_bits():
            longest = min(128, opened.longest)
            readers["half"] = HalfReader(opened, longest=longest, version="half").read
        rates: dict[str, list[float]] = {name: [] for name in readers}
        told: dict[str, Floats] = {}
        for read in readers.values():  # what is first asked for is made then
            read(texts[:256])
        for _ in range(asked.rounds):
            for name, read in readers.items():
                rate, told[name] = clocked(read, texts)
                rates[name].append(rate)
        cache = VectorCache(light["int8"], Path(folder) / "vectors")
        cache.read(texts)
        again, _ = clocked(cache.read, texts)
    rows = []
    for name, each in rates.items():
        alike = (told[name] * told["plain"]).sum(axis=1)
        ratio = float(np.median(np.array(each) / rates["plain"]))
        rows.append(
            {
                "reader": name,
                "texts_a_second": round(float(np.median(each))),
                "ratio": round(ratio, 2),
                "least_cosine": round(float(alike.min()), 4),
                "mean_cosine": round(float(alike.mean()), 4),
            }
        )
    rows.append({"reader": "again", "texts_a_second": round(again)})
    print(f"{len(texts):,} titles, {asked.threads} threads, {asked.rounds} rounds")
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(pl.DataFrame(rows))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
