"""Bytes as they lie on the disk become UTF-8: unpacked, transcoded, and cut into blocks."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

from limner.errors import BadSource

__all__ = ["ByteStream", "detect_encoding", "to_utf8", "utf8_blocks"]

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class ByteStream:
    """A file read from its beginning to its end, unpacked if gzip or zstd packed it.

    Raises
    ------
    BadSource
        If the file cannot be opened or, while reading, turns out to be cut off or broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        try:
            self._raw = self._stack.enter_context(path.open("rb"))
        except OSError as error:
            raise BadSource(
                f"{path} must be a file that can be read, got {error.strerror}"
            ) from None
        self._size = max(1, path.stat().st_size)
        magic = self._raw.read(4)
        self._raw.seek(0)
        self._unpacked: Any = self._raw
        if magic.startswith(_GZIP):
            self._unpacked = self._stack.enter_context(gzip.GzipFile(fileobj=self._raw))
        elif magic == _ZSTD:
            self._unpacked = self._stack.enter_context(_unpack_zstd(self._raw))

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""
        parts: list[bytes] = []
        missing = size
        try:
            while missing > 0 and (part := self._unpacked.read(missing)):
                parts.append(bytes(part))
                missing -= len(part)
        except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
            raise BadSource(
                f"{self.path} must be whole, but it is cut off or broken inside: {error}",
                hint="copy or download the file again; nothing of it was taken",
            ) from None
        return b"".join(parts)

    @property
    def progress(self) -> float:
        """The share of the file on the disk that has been read, in [0, 1]."""
        return min(1.0, self._raw.tell() / self._size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _unpack_zstd(raw: IO[bytes]) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")


def detect_encoding(start: bytes, *, name: str) -> str:
    """Say how a text is encoded, from its first bytes.

    A byte order mark decides. Else UTF-8 if it is valid; GB 18030 if it is valid and the bytes
    beyond ASCII come in pairs, as Chinese does; else Windows-1252, which every Western European
    file is; ISO-8859-1 where that has no sign for a byte.

    Raises
    ------
    BadSource
        If the bytes are no text.
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        even, odd = start[0::2].count(0), start[1::2].count(0)
        if max(even, odd) > len(start) // 8 and min(even, odd) <= max(even, odd) // 8:
            return "utf-16-le" if odd > even else "utf-16-be"
        raise BadSource(
            f"{name} must be text, Parquet, or either packed with gzip or zstd, got other bytes",
            hint="export the log as CSV, JSON lines or Parquet",
        )
    if _decodes(start, "utf-8"):
        return "utf-8"
    if _decodes(start, "gb18030") and _paired_share(start) > 0.9:
        return "gb18030"
    return "cp1252" if _decodes(start, "cp1252") else "latin-1"


def _decodes(start: bytes, encoding: str) -> bool:
    """Say whether the bytes are valid; a character may be cut off at the end."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _paired_share(start: bytes) -> float:
    """Return what share of the bytes beyond ASCII stands beside another one."""
    high = [byte >= 0x80 for byte in start[:65_536]]
    paired = sum(
        is_high and ((at > 0 and high[at - 1]) or (at + 1 < len(high) and high[at + 1]))
        for at, is_high in enumerate(high)
    )
    return paired / max(1, sum(high))


def to_utf8(start: bytes, encoding: str) -> bytes:
    """Return the first bytes of a text in UTF-8, without its mark and with plain line ends.

    Raises
    ------
    BadSource
        If the encoding is not known.
    """
    if encoding != "utf-8":
        _codec(encoding)
        start = codecs.getincrementaldecoder(encoding)("replace").decode(start).encode()
    start = start.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return start.replace(b"\r", b"\n") if _ends_with_returns(start) else start


def _codec(encoding: str) -> codecs.CodecInfo:
    try:
        return codecs.lookup(encoding)
    except LookupError:
        raise BadSource(
            f"encoding must be one that is known, got {encoding!r}",
            hint="for instance utf-8, latin-1, cp1252, gb18030, utf-16",
        ) from None


def _ends_with_returns(block: bytes) -> bool:
    """Say whether lines end as they did on old computers, with a lone carriage return."""
    return b"\n" not in block and block.count(b"\r") > 1


def utf8_blocks(stream: ByteStream, encoding: str, *, block_bytes: int) -> Iterator[bytes]:
    """Go through a text in UTF-8, without its mark, with a newline at the end of its lines.

    UTF-8 passes as it is, valid or not. What is wrong in another encoding becomes U+FFFD.

    Raises
    ------
    BadSource
        If the encoding is not known.
    """
    codec = _codec(encoding)
    plain = codec.name == "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    held, first, lone_returns = b"", True, False
    while True:
        part = stream.read(block_bytes)
        block = part if plain else decoder.decode(part, not part).encode()
        if first and block:
            block = block.removeprefix(codecs.BOM_UTF8)
            lone_returns = _ends_with_returns(block)
            first = False
        block = held + block
        held = b""
        if part and block.endswith(b"\r"):
            block, held = block[:-1], b"\r"
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
            if lone_returns:
                block = block.replace(b"\r", b"\n")
        if block:
            yield block
        if not part:
            return
