"""The style sheet."""

import re

from limner.profiles.sheet import SHEET


def test_it_knows_dark_and_loads_nothing():
    assert "prefers-color-scheme:dark" in SHEET
    assert "url(" not in SHEET
    assert "@import" not in SHEET
    assert "</" not in SHEET


def test_every_rule_is_of_the_card_alone():
    rules = re.sub(r"@media[^{]*\{", "", SHEET)
    for selector in re.findall(r"([^{}]+)\{", rules):
        for part in selector.split(","):
            assert part.strip().startswith(".limner-card")


def test_dark_redefines_every_colour_of_light():
    light, dark = re.split("prefers-color-scheme:dark", SHEET, maxsplit=1)
    names = set(re.findall(r"(--[\w-]+):", light))
    assert names == set(re.findall(r"(--[\w-]+):", dark))
