"""Words of a text; Chinese has no blanks, and is cut by a dictionary."""

# ruff: noqa: RUF001

import logging
import re
import tempfile
from functools import cache
from typing import Any

from limner.errors import MissingExtra

__all__ = ["words_of"]

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|(?:(?![\u3400-\u9fff\uf900-\ufaff])[\w'’])+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order; signs and blanks fall away.

    Raises
    ------
    MissingExtra
        If the text holds Chinese and jieba is not installed.
    """
    found: list[str] = []
    for run in _RUNS.findall(text):
        found += _cutter().lcut(run) if _HAN.match(run) else [run.strip("'’")]
    return [word for word in found if word]


@cache
def _cutter() -> Any:  # noqa: ANN401 - of jieba
    try:
        import jieba  # noqa: PLC0415 - asked for when a text is Chinese
    except ImportError:
        raise MissingExtra("cutting Chinese into words", "jieba", "language") from None
    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    # It would keep its dictionary in a folder that everybody may write to, and believe what is
    # there.
    with tempfile.TemporaryDirectory() as own:
        cutter.tmp_dir = own
        cutter.initialize()
    return cutter
