"""Eight bits a weight (dynamic quantisation): nothing is learned anew."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from limner.config import Config
from limner.encoders.language.export import export_encoder
from limner.encoders.language.text_encoder import TextEncoder

__all__ = ["Int8"]


class Int8(Config):
    """The matrices keep 8 bits with a scale a column; what passes between is rounded as it goes."""

    needs_texts: ClassVar[bool] = False

    bits: int = 8
    """Of a weight: 8, or 32 for the plain graph."""

    def write(
        self,
        encoder: TextEncoder,
        tokeniser: Any,  # noqa: ANN401
        folder: Path,
        *,
        texts: Sequence[str],
        longest: int,
        seed: int,
        progress: Callable[[str, float], None] | None,
    ) -> None:
        """Write the graph."""
        del texts, seed, progress  # nothing is learned
        export_encoder(encoder, tokeniser, folder, longest=longest, int8=self.bits == 8)
