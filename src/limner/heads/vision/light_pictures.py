"""A tuned vision model made light: it answers without torch, from its folder alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from limner.encoders.vision.pictures import pixels_of
from limner.errors import MissingExtra, NotFitted
from limner.heads.language.task import TextTask

__all__ = ["GRAPH_FILE", "LIGHT_FILE", "LightPictures"]

LIGHT_FILE, GRAPH_FILE = "light.json", "model.onnx"
Picture = bytes | Path | str


class LightPictures:
    """Answers as the model that it was made of, or nearly.

    Parameters
    ----------
    task
        What is asked.
    graph
        A session of ONNX Runtime: pixels (B, 3, S, S) in, scores (B, K) out.
    size
        The side of a picture, S.
    mirrored
        Whether it answers by each picture and its mirror image.
    """

    def __init__(
        self,
        task: TextTask,
        graph: Any,  # noqa: ANN401
        size: int,
        *,
        mirrored: bool = False,
    ) -> None:
        self.task, self.graph, self.size, self.mirrored = task, graph, size, mirrored

    def scores(self, pixels: NDArray[np.uint8], *, part: int = 32) -> NDArray[np.float32]:
        """Return the scores of pictures (N, K), from pixels (N, 3, S, S) of 0 to 255."""
        found = []
        for at in range(0, len(pixels), part):
            some = pixels[at : at + part].astype(np.float32)
            said = self.graph.run(None, {"pixels": some})[0]
            if self.mirrored:
                other = np.ascontiguousarray(some[..., ::-1])
                said = (said + self.graph.run(None, {"pixels": other})[0]) / 2
            found.append(said)
        return np.concatenate(found) if found else np.zeros((0, self.task.outputs), np.float32)

    def predict(self, pictures: Sequence[Picture]) -> NDArray[np.float64]:
        """Answer for pictures: probabilities (N, C), or numbers (N,).

        Raises
        ------
        BadPicture
            If one cannot be opened.
        """
        return self.task.answer(self.scores(pixels_of(pictures, size=self.size)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what :func:`~limner.training.vision.compression.compress_pictures` wrote.

        Raises
        ------
        NotFitted
            If there is nothing.
        MissingExtra
            If onnxruntime is not installed.
        """
        if not (folder / LIGHT_FILE).is_file():
            raise NotFitted(f"there is no light model in {folder}", hint="limner vision compress")
        try:
            import onnxruntime  # noqa: PLC0415 - asked for when one is opened
        except ImportError:
            raise MissingExtra("a light vision model", "onnxruntime", "onnx") from None
        table = json.loads((folder / LIGHT_FILE).read_text(encoding="utf-8"))
        graph = onnxruntime.InferenceSession(
            str(folder / GRAPH_FILE), providers=["CPUExecutionProvider"]
        )
        task = TextTask.from_dict(table["task"])
        return cls(task, graph, int(table["size"]), mirrored=bool(table.get("mirrored", False)))
