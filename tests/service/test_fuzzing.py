"""Whatever bytes come from outside: refused as promised, and at once. ``make fuzz`` takes longer."""

import pytest

import fuzzing

INPUTS = 200
FOUND = [
    ("requests", b"\x0bGET\n/v1/profiles/ann/\n\xfc{+tr\x00aits/recency\n\n"),
    ("requests", b'\nPOST\n/v1/privacy/requests\n\n{"type":[],"customer_id":"ann"}'),
]
"""What broke something once."""


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_nothing_that_comes_from_outside_breaks_a_parser(name):
    done, wrong = fuzzing.run(name, inputs=INPUTS)
    assert done == INPUTS
    assert {where: told for where, (told, _) in wrong.items()} == {}


@pytest.mark.parametrize(
    ("name", "data"), FOUND, ids=["query that is no text", "type that is a list"]
)
def test_what_broke_something_once_is_refused(name, data):
    fuzzing.TARGETS[name](data)
