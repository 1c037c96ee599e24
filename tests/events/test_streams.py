"""Which bytes are which letters."""

import pytest

from limner.events.streams import detect_encoding, to_utf8


@pytest.mark.parametrize(
    ("text", "encoding"), [("中文,顾客\n" * 20, "gb18030"), ("naïve café\n" * 20, "utf-8")]
)
def test_the_encoding_is_found_and_mended(text, encoding):
    raw = text.encode(encoding)
    found = detect_encoding(raw, name="f.csv")
    assert to_utf8(raw, found).decode() == text
