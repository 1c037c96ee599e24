"""Texts as vectors by torch in 16 bits, where the processor multiplies such matrices by itself."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_texts

if TYPE_CHECKING:
    from limner.encoders.language.opening import Opened

__all__ = ["HalfReader", "has_half_bits"]

Floats = NDArray[np.float32]
INSTRUCTIONS = ("amx_bf16", "avx512_bf16")
"""What a processor has that multiplies matrices of bfloat16; others would only be slower."""


def has_half_bits() -> bool:
    """Return whether torch is there, and a processor that multiplies matrices of bfloat16."""
    if find_spec("torch") is None:
        return False
    import torch  # noqa: PLC0415 - asked for where it is there

    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in INSTRUCTIONS)


class HalfReader:
    """Reads as the model does, products of matrices in bfloat16 and all else in float32.

    Half as fast again as the whole graph on two cores, at a cosine of 0.9999 to its
    vectors, so that one cache may hold both (``benchmarks/text_speed.py``).

    Parameters
    ----------
    opened
        The model.
    longest
        Tokens of a text that are read at most.
    version
        What tells its vectors from others: that of the same model in float32.
    """

    def __init__(self, opened: "Opened", *, longest: int, version: str) -> None:
        from limner.encoders.language.text_encoder import TextEncoder  # noqa: PLC0415 - torch

        self.longest, self.version = longest, version
        self._encoder, self._tokeniser = TextEncoder.of(opened), opened.tokeniser
        self.width = self._encoder.width

    def read(self, texts: Sequence[object]) -> Floats:
        """Return the vectors of texts (N, D)."""
        import torch  # noqa: PLC0415 - see has_half_bits

        from limner.encoders.language.tokens import Tokens  # noqa: PLC0415 - torch

        tokens = Tokens.of(self._tokeniser, tidy_texts(texts), longest=self.longest)
        with torch.autocast("cpu", torch.bfloat16):
            return self._encoder.read(tokens)
