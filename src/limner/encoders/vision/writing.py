"""Writing a vision model into a folder, so that it opens by the folder's name."""

import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file

from limner.encoders.vision.efficientnet_lite import EfficientNetLite
from limner.encoders.vision.opening import LITE
from limner.encoders.vision.picture_encoder import PictureEncoder

__all__ = ["write_vision"]


def write_vision(encoder: PictureEncoder, folder: Path) -> None:
    """Write ``config.json`` and ``model.safetensors`` for ``open_vision(folder)``.

    A model of transformers is written as its authors would; EfficientNet-Lite0 with its published
    names of weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table: dict[str, Any] = {
        "image_mean": encoder.mean.flatten().tolist(),
        "image_std": encoder.spread.flatten().tolist(),
    }
    if isinstance(encoder.body, EfficientNetLite):
        table |= {"model_type": LITE, "image_size": encoder.size}
        weights = {name: each.contiguous() for name, each in encoder.body.state_dict().items()}
        save_file(weights, folder / "model.safetensors")
        _write(folder / "config.json", table)
        return
    whole = cast("Any", encoder.body).body
    with torch.no_grad():
        whole.save_pretrained(folder, safe_serialization=True)
    _write(folder / "preprocessor_config.json", table)


def _write(file: Path, table: dict[str, Any]) -> None:
    file.write_text(json.dumps(table, indent=2), encoding="utf-8")
