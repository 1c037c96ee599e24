"""Small pictures of known kinds, and a tiny vision transformer in a folder."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = ("red", "green", "striped")


def paint(kind, rng):
    """Return the bytes of a picture of a kind."""
    noise = rng.integers(0, 60, (32, 32, 3))
    colour = {"red": (180, 20, 20), "green": (20, 180, 20), "striped": (90, 90, 90)}[kind]
    pixels = noise + np.array(colour)
    if kind == "striped":
        pixels[:, ::4] += 100
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def painted(count, *, seed=0):
    """Return pictures and their kinds."""
    rng = np.random.default_rng(seed)
    kinds = [KINDS[at % 3] for at in range(count)]
    return [paint(kind, rng) for kind in kinds], kinds


def tiny_vision(folder: Path, *, seed=0) -> Path:
    """Write a vision transformer that has learned nothing, and return its folder."""
    import torch
    import transformers as package

    config = package.ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        package.ViTModel(config).save_pretrained(folder, safe_serialization=True)
    told = {"image_mean": [0.4, 0.5, 0.6], "image_std": 0.25}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder
