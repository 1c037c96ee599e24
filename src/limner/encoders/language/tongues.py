"""In which language a text is written."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from limner.encoders.language.texts import is_chinese, tidy_text
from limner.errors import MissingExtra

__all__ = ["UNKNOWN", "tongue_of", "tongues_of"]

UNKNOWN = ""
"""What is said of a text that is too short, or has no letters."""

KNOWN = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it"),
    *("ja", "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh"),
)
"""Languages that are told apart. The fewer there are, the surer is what is said of a few words."""

LEAST_SURE = 0.7
"""A language is named if it is so likely at least."""


def tongue_of(text: str) -> str:
    """Return the language of a text as a code of two letters (ISO 639-1); none if unsure.

    Raises
    ------
    MissingExtra
        If py3langid is not installed.
    """
    told = tidy_text(text, most=2000)
    if not any(letter.isalpha() for letter in told):
        return UNKNOWN
    if is_chinese([told]):
        return "zh"
    name, sure = _identifier().classify(told)
    return str(name) if sure >= LEAST_SURE else UNKNOWN


def tongues_of(texts: Sequence[str]) -> list[str]:
    """Return the language of each text; see :func:`tongue_of`."""
    return [tongue_of(each) for each in texts]


@cache
def _identifier() -> Any:  # noqa: ANN401 - of py3langid
    """Open the model of langid (Lui, Baldwin 2012), narrowed to :data:`KNOWN`."""
    try:
        import py3langid  # noqa: PLC0415 - asked for when a text is
        from py3langid.langid import LanguageIdentifier  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("telling languages apart", "py3langid", "language") from None
    (file,) = (Path(py3langid.__file__).parent / "data").glob("model*")
    identifier = LanguageIdentifier.from_modelpath(str(file), norm_probs=True)
    identifier.set_languages(list(KNOWN))
    return identifier
