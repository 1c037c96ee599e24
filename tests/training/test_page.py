from limner.training.charts import DASHES
from limner.training.page import SCRIPT, STYLE


def test_every_colour_has_a_light_and_a_dark_shade():
    for number in range(len(DASHES)):
        assert STYLE.count(f"--c{number}:#") == 2
        assert f".c{number}{{color:var(--c{number})}}" in STYLE


def test_nothing_is_fetched():
    assert "url(" not in STYLE
    assert "http" not in STYLE + SCRIPT
    assert "@import" not in STYLE
