"""The card for a terminal."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from limner.profiles.predictions import Described, Expected


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_asked(profiles, language, width):
    for profile in profiles.values():
        text = profile.to_text(language, width=width)
        assert max(cell_len(line) for line in text.splitlines()) <= width


def test_it_tells_what_matters(ann):
    text = str(ann)
    for part in ("ann", "Champions", "22.00 USD", "no purchase in 14 days", "12 %", "Dairy"):
        assert part in text
    assert "bought 3 times" in text
    assert "特征" in ann.to_text("zh")


def test_data_is_neither_markup_nor_control(ann):
    evil = replace(
        ann,
        customer_id="[bold]x[/nope]\x1b[2J",
        brands=tuple(replace(each, name="a\x1b]0;b\x07[/]") for each in ann.brands),
    )
    text = evil.to_text()
    assert "[bold]x[/nope]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_rich_prints_it_in_colours(ann):
    page = StringIO()
    Console(file=page, force_terminal=True, color_system="truecolor", width=90).print(ann)
    assert "\x1b[" in page.getvalue()


def test_what_the_behaviour_model_expects_is_told(ann):
    said = Described("m", 1.0, (Expected("purchase", 30, 0.55, "probability", "probability"),))
    told = replace(ann, described=said)
    assert "an order within 30 days 55 %" in " ".join(told.to_text().split())
    assert "30天内下单概率 55 %" in " ".join(told.to_text("zh").split())
    assert "behaviour model" not in ann.to_text()
