"""What a tuned text model stands upon: a model that may learn, or a reader that does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.encoders.language.multilingual import MULTILINGUAL, MultilingualReader
from limner.encoders.language.opening import Opened, open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.encoders.language.vector_cache import TextReader

__all__ = [
    "Base",
    "ReaderBase",
    "TextSide",
    "TokenBase",
    "VectorEncoder",
    "Vectors",
    "open_base",
    "vectors_of",
]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class TextSide(Protocol):
    """N texts as an encoder takes them, of which some can be taken."""

    @property
    def lengths(self) -> Ints:
        """How much work each is: (N,)."""
        ...

    def take(self, rows: Ints) -> "TextSide":
        """Return some of the texts."""
        ...

    def batch(self, rows: Ints) -> tuple[Tensor, ...]:
        """Return what the encoder takes of some."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...


class Base(Protocol):
    """What makes vectors of texts."""

    @property
    def name(self) -> str:
        """What it was asked by: opens it again."""
        ...

    @property
    def facts(self) -> dict[str, str]:
        """Its ``family``, and the ``pooling`` of its tokens."""
        ...

    @property
    def version(self) -> str:
        """What tells its vectors from another's; empty: its weights do."""
        ...

    @property
    def longest(self) -> int | None:
        """How many tokens of a text it reads at most; none: it has no tokens."""
        ...

    def encoder(self) -> nn.Module:
        """Return the module that makes vectors of what :meth:`side` gives."""
        ...

    def side(self, texts: Sequence[str], *, longest: int) -> TextSide:
        """Return tidy texts as the encoder takes them."""
        ...


@dataclass(frozen=True, slots=True)
class TokenBase:
    """A model of transformers: every way of tuning can change it."""

    opened: Opened

    @property
    def name(self) -> str:
        """What it was asked by."""
        return self.opened.name

    @property
    def facts(self) -> dict[str, str]:
        """Its family and how its tokens are pooled."""
        return {"family": self.opened.family, "pooling": self.opened.pooling}

    @property
    def version(self) -> str:
        """Empty: its weights tell."""
        return ""

    @property
    def longest(self) -> int | None:
        """How many tokens it was made to read."""
        return self.opened.longest

    def encoder(self) -> nn.Module:
        """Return the model, and how its tokens are pooled."""
        return TextEncoder.of(self.opened)

    def side(self, texts: Sequence[str], *, longest: int) -> TextSide:
        """Return texts as tokens."""
        return Tokens.of(self.opened.tokeniser, texts, longest=longest)


@dataclass(frozen=True, slots=True)
class ReaderBase:
    """A reader that gives vectors and cannot be tuned: heads learn upon what it reads."""

    name: str
    reader: TextReader

    @property
    def facts(self) -> dict[str, str]:
        """What a reader is, in the words of the others."""
        return {"family": "vectors", "pooling": "none"}

    @property
    def version(self) -> str:
        """Its own."""
        return self.reader.version

    @property
    def longest(self) -> int | None:
        """Return None: how much it reads, it knows."""
        return None

    def encoder(self) -> nn.Module:
        """Return a module that gives what was read."""
        return VectorEncoder(self.reader.width)

    def side(self, texts: Sequence[str], *, longest: int) -> TextSide:
        """Return texts as vectors; the reader knows its own limit."""
        del longest
        return Vectors(self.reader.read(texts))


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """N texts that were read into vectors (N, D)."""

    vectors: Floats

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def lengths(self) -> Ints:
        """One each: all are alike work (N,)."""
        return np.ones(len(self.vectors), np.int64)

    def take(self, rows: Ints) -> Self:
        """Return some of the texts."""
        return type(self)(self.vectors[rows])

    def batch(self, rows: Ints) -> tuple[Tensor, ...]:
        """Return the vectors of some texts (B, D)."""
        return (torch.from_numpy(self.vectors[rows]),)


class VectorEncoder(nn.Module):
    """Gives vectors of length D as they are; it has no weights."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width

    @property
    def width(self) -> int:
        """The length of a vector, D."""
        return self._width

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the same vectors (B, D)."""
        return vectors

    def read(self, texts: Vectors) -> Floats:
        """Return the vectors of texts (N, D)."""
        return texts.vectors


def open_base(name: str) -> Base:
    """Open a model, or a reader that cannot be tuned, by its name.

    Raises
    ------
    BadModel
        If there is no such model.
    MissingExtra
        If a package is not installed.
    """
    if name == MULTILINGUAL:
        return ReaderBase(name, MultilingualReader())
    return TokenBase(open_language(name))


def vectors_of(encoder: nn.Module, side: TextSide) -> Floats:
    """Return the vectors of texts (N, D) that an encoder of a base, changed or not, makes."""
    read: Any = encoder
    vectors: Floats = read.read(side)
    return vectors
