"""Making a tuned vision model light: a graph that needs no torch, whole or with 8 bits a number."""

import copy
import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.encoders.vision.pictures import pixels_of
from limner.errors import BadConfig, MissingExtra
from limner.heads.vision.light_pictures import GRAPH_FILE, LIGHT_FILE, LightPictures
from limner.training.language.text_model import TextModel
from limner.training.vision.picture_tuning import Picture, TunedPictures

__all__ = ["METHODS", "compress_pictures"]

METHODS = ("whole", "int8")
OPSET = 18
LEAST_PICTURES = 20
SHOWN = 128
"""From so many pictures at most it is learned in which range the numbers within lie."""


def compress_pictures(
    tuned: TunedPictures,
    folder: Path,
    *,
    method: Literal["whole", "int8"] = "int8",
    pictures: Sequence[Picture] = (),
    seed: int = 0,
) -> LightPictures:
    """Make a tuned model light, into a folder; the model stays as it is.

    Parameters
    ----------
    tuned
        The model.
    folder
        Where to; replaced whole.
    method
        ``whole``: the same numbers, in a graph; ``int8``: weights and what flows between layers in
        8 bits, by the ranges that pictures show (Jacob and others 2018).
    pictures
        Pictures like those it will be asked, without labels; ``int8`` needs some.
    seed
        Which of the pictures are shown.

    Raises
    ------
    BadConfig
        If the method is unknown, or there are too few pictures.
    MissingExtra
        If onnx or onnxruntime is not installed.
    """
    if method not in METHODS:
        raise BadConfig(f"the method must be one of {', '.join(METHODS)}, got {method!r}")
    if method == "int8" and len(pictures) < LEAST_PICTURES:
        raise BadConfig(
            f"int8 learns ranges from pictures, {LEAST_PICTURES} at least, got {len(pictures)}"
        )
    try:
        import onnx  # noqa: F401, PLC0415 - torch needs it for writing, and says so too late
    except ImportError:
        raise MissingExtra("the graph of a vision model", "onnx", "torch") from None
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    size = tuned.encoder.size
    _write_graph(tuned.whole, size, fresh / GRAPH_FILE)
    if method == "int8":
        rows = np.random.default_rng(seed).permutation(len(pictures))[:SHOWN]
        pixels = pixels_of([pictures[row] for row in np.sort(rows)], size=size)
        _in_eight_bits(fresh / GRAPH_FILE, pixels)
    table = {"task": tuned.task.to_dict(), "size": size, "method": method}
    table |= {"mirrored": tuned.mirrored}
    text = json.dumps(table, indent=2, ensure_ascii=False)
    (fresh / LIGHT_FILE).write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return LightPictures.load(folder)


class _Scores(nn.Module):
    """Pixels in, scores out."""

    def __init__(self, whole: TextModel) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, pixels: Tensor) -> Tensor:
        return self.whole([(pixels,)], None)  # type: ignore[no-any-return] # a module's call


def _write_graph(whole: TextModel, size: int, file: Path) -> None:
    model = _Scores(copy.deepcopy(whole)).cpu().eval()
    with warnings.catch_warnings(), torch.no_grad():
        # Torch warns that this exporter is the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(2, 3, size, size),),
            str(file),
            input_names=["pixels"],
            output_names=["scores"],
            dynamic_axes={"pixels": {0: "pictures"}, "scores": {0: "pictures"}},
            opset_version=OPSET,
            dynamo=False,
        )


def _in_eight_bits(file: Path, pixels: NDArray[np.uint8]) -> None:
    try:
        from onnxruntime.quantization import (  # noqa: PLC0415
            CalibrationDataReader,
            QuantFormat,
            QuantType,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import (  # noqa: PLC0415
            quant_pre_process,
        )
    except ImportError:
        raise MissingExtra("a graph in eight bits", "onnxruntime", "onnx") from None

    class Reader(CalibrationDataReader):  # type: ignore[misc] # its package has no types
        def __init__(self) -> None:
            self.parts: Iterator[NDArray[np.uint8]] = iter(
                [pixels[at : at + 16] for at in range(0, len(pixels), 16)]
            )

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            part = next(self.parts, None)
            return None if part is None else {"pixels": part.astype(np.float32)}

    whole = file.with_name(f".whole-{file.name}")
    with _silently():
        # Its inference of symbolic shapes does not know every operator, and is not needed.
        quant_pre_process(str(file), str(whole), skip_symbolic_shape=True)
        quantize_static(
            str(whole),
            str(file),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    whole.unlink()


@contextmanager
def _silently() -> Iterator[None]:
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
