"""Texts as they come, made such that nothing behind can stumble over them."""

import unicodedata
from collections.abc import Iterable, Sequence

from limner.events.personal_data import mask_personal

__all__ = ["is_chinese", "share_of_chinese", "tidy_text", "tidy_texts"]

_HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
"""Where Unicode keeps Chinese characters."""
_HALF = 0.3
"""Chinese says in a character what English says in three letters."""


def tidy_text(text: object, *, most: int) -> str:
    r"""Return a text without what no model reads, at most so many characters of it.

    Nothing, and what is no text, is empty. Halves of surrogate pairs become a mark, control
    characters and runs of blanks one blank; characters that look alike are written alike (NFKC).
    Emoji and writing from right to left stay as they are.

    Examples
    --------
    >>> tidy_text("fine\x00,\n  thanks \ud83d", most=20)
    'fine , thanks �'
    >>> tidy_text("write to a@b.example", most=40)
    'write to [email]'
    """
    if not isinstance(text, str):
        return ""
    # A little more is kept until blanks are gone, so that a text of a megabyte costs no more.
    # Through UTF-16, halves that belong together meet again.
    text = text[: 4 * most].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = unicodedata.normalize("NFKC", text)
    plain = "".join(" " if unicodedata.category(each) == "Cc" else each for each in text)
    return mask_personal(" ".join(plain.split())[:most])[0][:most]


def tidy_texts(texts: Iterable[object], *, most: int = 20_000) -> list[str]:
    """Return every text as :func:`tidy_text` makes it."""
    return [tidy_text(each, most=most) for each in texts]


def share_of_chinese(text: str) -> float:
    """Return the share of a text's letters that are Chinese characters, 0 where there is none."""
    letters = [ord(each) for each in text if each.isalpha()]
    han = sum(any(low <= each <= high for low, high in _HAN) for each in letters)
    return han / len(letters) if letters else 0.0


def is_chinese(texts: Sequence[str], *, looked_at: int = 200) -> bool:
    """Return whether texts are Chinese, most of them, by some of them spread over all."""
    some = [text for text in texts[:: max(1, len(texts) // looked_at)] if text]
    return sum(share_of_chinese(text) >= _HALF for text in some) * 2 > len(some)
