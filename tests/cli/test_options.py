"""What every command takes, said once and meant everywhere the same."""

from pathlib import Path
from typing import get_args

import pytest

from limner.cli import options


@pytest.mark.parametrize("name", options.__all__)
def test_an_option_has_its_help(name):
    _, told = get_args(getattr(options, name))
    assert told.help


def test_a_workspace_is_a_folder_and_a_seed_is_no_negative_number():
    kind, told = get_args(options.WorkspaceOption)
    assert kind == Path | None
    assert "-w" in (told.default, *told.param_decls)
    assert get_args(options.SeedOption)[1].min == 0
