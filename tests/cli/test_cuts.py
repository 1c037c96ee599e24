"""Moments that the log reaches, in the shop's own zone."""

from datetime import UTC, datetime

import pytest

from limner.cli.cuts import cut_within, day_of, end_of
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, TooFew


class Spanned:
    """A log from the first of May to half past eleven at night on the ninth, UTC."""

    first = datetime(2024, 5, 1, 12, tzinfo=UTC)
    last = datetime(2024, 5, 9, 23, 30, tzinfo=UTC)


def test_the_end_is_the_next_midnight_of_the_shop():
    assert end_of(Spanned, time_zone="UTC") == datetime(2024, 5, 10, tzinfo=UTC)
    assert end_of(Spanned, time_zone="Europe/Berlin") == datetime(2024, 5, 10, 22, tzinfo=UTC)
    assert cut_within(None, Spanned, time_zone="UTC") == datetime(2024, 5, 10, tzinfo=UTC)


def test_an_empty_log_has_no_end():
    class Empty:
        first = last = None

    with pytest.raises(TooFew, match="no events"):
        end_of(Empty, time_zone="UTC")


@pytest.mark.parametrize("cut", ["1999-01-01", "2024-05-01", "2024-05-11", "2030-01-01"])
def test_what_lies_outside_is_refused_with_the_limits(cut):
    with pytest.raises(BadConfig, match="after 2024-05-01 and up to 2024-05-10") as caught:
        cut_within(cut, Spanned, time_zone="UTC")
    assert "leave the cut out" in caught.value.hint


def test_what_lies_within_is_the_first_instant_of_the_day():
    at = cut_within("2024-05-03", Spanned, time_zone="Asia/Shanghai")
    assert at == datetime(2024, 5, 2, 16, tzinfo=UTC)


def test_a_day_is_the_shops(tmp_path):
    shop = Workspace.create(tmp_path, time_zone="Europe/Berlin")
    assert day_of(datetime(2024, 12, 30, 23, tzinfo=UTC), shop) == "2024-12-31"
