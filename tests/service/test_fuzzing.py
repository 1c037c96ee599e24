"""Whatever bytes come from outside: refused as promised, and at once. ``make fuzz`` takes longer."""

import pytest

import fuzzing

INPUTS = 200


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_nothing_that_comes_from_outside_breaks_a_parser(name):
    done, wrong = fuzzing.run(name, inputs=INPUTS)
    assert done == INPUTS
    assert {where: told for where, (told, _) in wrong.items()} == {}
