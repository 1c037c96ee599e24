"""Settings are frozen and checked, and a misspelt name is an error that offers the nearest."""

import pytest
from pydantic import Field, ValidationError

from limner.config import Config
from limner.errors import BadConfig


class Oven(Config):
    """How to bake."""

    heat_c: int = Field(180, ge=50, le=300)
    """How hot, in degrees."""
    fan: bool = False
    """Whether the air moves."""


def test_what_is_left_out_has_its_default():
    assert Oven.read({"fan": True}) == Oven(heat_c=180, fan=True)


def test_a_misspelt_name_is_an_error_with_the_nearest():
    with pytest.raises(BadConfig) as caught:
        Oven.read({"heat": 200}, where="kitchen.toml [oven]")
    assert caught.value.message == "kitchen.toml [oven]: heat is not a setting"
    assert caught.value.hint == "did you mean 'heat_c'?"


def test_a_strange_name_is_an_error_with_all_that_are_known():
    with pytest.raises(BadConfig) as caught:
        Oven.read({"zzz": 1})
    assert caught.value.hint == "known: heat_c, fan"


def test_a_value_out_of_range_names_setting_limit_and_value():
    with pytest.raises(BadConfig, match=r"Oven: heat_c: .* less than or equal to 300, got 900"):
        Oven.read({"heat_c": 900})


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Oven().heat_c = 100


def test_settings_survive_a_round_trip():
    assert Oven.read(Oven(heat_c=99).model_dump()) == Oven(heat_c=99)


def test_a_setting_has_its_sentence():
    assert Oven.model_fields["heat_c"].description == "How hot, in degrees."
