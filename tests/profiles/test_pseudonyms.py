"""Pseudonyms: the same for the same id, another under another key, and never the id."""

from hypothesis import given
from hypothesis import strategies as st

from limner.profiles.pseudonyms import Pseudonyms, rotation_of

PEPPER = b"sixteen bytes or more"


@given(st.text(min_size=1), st.integers(1, 999_999))
def test_a_name_says_its_rotation_and_nothing_else(who, rotation):
    names = Pseudonyms(PEPPER, rotation=rotation)
    assert rotation_of(names.of(who)) == rotation
    assert names.of(who) == Pseudonyms(PEPPER, rotation=rotation).of(who)
    assert names.of(who) != names.of(who + "x")
    others = Pseudonyms(PEPPER, rotation=rotation + 1), Pseudonyms(b"another" * 3)
    assert all(each.digest(who) != names.digest(who) for each in others)


def test_what_is_no_pseudonym():
    for each in (
        "",
        "u42",
        "p0_" + "0" * 32,
        "p1_" + "0" * 31,
        "p1_" + "A" * 32,
        "xp1_" + "0" * 32,
    ):
        assert rotation_of(each) is None
