"""A machine is known by its pace, not by the size of its orders."""

from datetime import UTC, datetime, timedelta

import polars as pl

from limner.events.machines import find_machines

START = datetime(2025, 1, 1, tzinfo=UTC)


def at(customer, minutes):
    times = [START + timedelta(minutes=minute) for minute in minutes]
    return pl.DataFrame({"customer_id": [customer] * len(times), "time": times}).cast(
        {"time": pl.Datetime("us", "UTC")}
    )


def test_more_moments_in_an_hour_than_allowed_is_a_machine():
    rows = pl.concat([at("fast", range(11)), at("slow", range(0, 1100, 100))])
    assert find_machines(rows, an_hour=10, a_day=50).rows() == [
        ("fast", "bot_like_hour", 11.0, 10.0)
    ]


def test_more_moments_in_a_day_than_allowed_is_a_machine():
    rows = at("busy", range(0, 600, 10))
    assert find_machines(rows, an_hour=10, a_day=50).rows() == [
        ("busy", "bot_like_day", 60.0, 50.0)
    ]


def test_many_rows_of_one_moment_are_one_deed():
    assert find_machines(at("wholesale", [0] * 500), an_hour=10, a_day=50).is_empty()


def test_nobody_is_no_machine():
    assert find_machines(at("a", []), an_hour=1, a_day=1).is_empty()
