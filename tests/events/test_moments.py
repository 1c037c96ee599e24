"""A moment is read the same in whatever dress it comes."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.errors import BadConfig
from limner.events.moments import read_moments

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
S = 1_577_934_245


def one(value, **settings):
    moments = read_moments(pl.Series([value]), **settings)
    trouble = moments.trouble[0] if moments.trouble is not None else None
    return moments.time[0], trouble


@pytest.mark.parametrize(
    "value",
    [
        S,
        S * 1_000,
        S * 1_000_000,
        S * 1_000_000_000,
        float(S),
        str(S),
        f"{S}000",
        20200102030405,
        "20200102030405",
        "2020-01-02T03:04:05Z",
        "2020-01-02 03:04:05",
        " 2020-01-02T03:04:05.000 ",
        "2020-01-02T05:04:05+02:00",
        "2020-01-02T05:04:05+0200",
        "2020-01-01 22:04:05-05",
        "2020-01-02 03:04:05 UTC",
        "2020/01/02 03:04:05",
        "02.01.2020 03:04:05",
        "2 Jan 2020 03:04:05",
        "Thu, 02 Jan 2020 03:04:05 GMT",
        MOMENT,
        MOMENT.replace(tzinfo=None),
    ],
)
def test_every_dress_is_the_same_moment(value):
    assert one(value) == (MOMENT, None)


@pytest.mark.parametrize("value", [43831, 43831.0, "43831", 20200101, "2020-01-01", "25/12/2019"])
def test_a_day_begins_at_midnight(value):
    wanted = (
        datetime(2019, 12, 25, tzinfo=UTC)
        if "/" in str(value)
        else datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert one(value) == (wanted, None)


def test_a_date_is_a_day():
    assert one(date(2020, 1, 1)) == (datetime(2020, 1, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        (None, "time_missing"),
        ("", "time_missing"),
        ("n/a", "time_missing"),
        ("soon", "time_unreadable"),
        ("2020-13-45", "time_unreadable"),
        (float("nan"), "time_unreadable"),
        ("03/04/2020", "time_ambiguous"),
        ("12/1/2010 8:26", "time_ambiguous"),
    ],
)
def test_what_cannot_be_read_says_why(value, trouble):
    assert one(value) == (None, trouble)


@pytest.mark.parametrize(("day_first", "month"), [(True, 4), (False, 3)])
def test_a_doubtful_date_is_read_as_told(day_first, month):
    time, trouble = one("03/04/2020", day_first=day_first)
    assert (time.month, trouble) == (month, None)


def test_a_date_with_the_same_numbers_is_not_doubtful():
    assert one("04/04/20 1:05 PM") == (datetime(2020, 4, 4, 13, 5, tzinfo=UTC), None)


def test_a_told_format_is_obeyed():
    assert one("2020_13_31", time_format="%Y_%d_%m")[1] == "time_unreadable"
    assert one("2020_31_12", time_format="%Y_%d_%m")[0].month == 12
    assert one("2020_05_04 03:04", time_format="%Y_%d_%m %H:%M")[0].month == 4


def test_a_told_format_may_hold_the_zone():
    time, _ = one("2020-01-02 05:04:05 +0200", time_format="%Y-%m-%d %H:%M:%S %z")
    assert time == MOMENT


def test_a_format_that_is_none_is_an_error():
    with pytest.raises(BadConfig, match="time_format must be"):
        one("2020.05.04 03h", time_format="%Y.%d.%m %Hh")


def test_a_time_without_a_zone_lies_in_the_zone_that_was_told():
    assert one("2020-07-01 12:00", time_zone="Europe/Berlin")[0].hour == 10
    assert one("2020-07-01 12:00+00:00", time_zone="Europe/Berlin")[0].hour == 12
    assert (
        one(datetime(2020, 7, 1, 12, tzinfo=UTC).replace(tzinfo=None), time_zone="Europe/Berlin")[
            0
        ].hour
        == 10
    )


def test_an_hour_that_the_clocks_skipped_is_read_an_hour_on():
    assert one("2020-03-29 02:30", time_zone="Europe/Berlin") == (
        datetime(2020, 3, 29, 1, 30, tzinfo=UTC),
        None,
    )


def test_a_guess_is_noted():
    moments = read_moments(pl.Series([S, S * 1_000]))
    assert moments.dress.to_list() == ["time_in_seconds", "time_in_milliseconds"]
    assert read_moments(pl.Series([MOMENT])).dress is None
    assert read_moments(pl.Series(["2020-01-01T00:00Z", "2020-01-01"])).dress.to_list() == [
        None,
        "zone_assumed",
    ]


@settings(max_examples=25)
@given(
    st.lists(
        st.integers(631_152_000_000_000, 2_500_000_000_000_000).map(
            lambda micros: EPOCH + timedelta(microseconds=micros)
        )
        | st.none(),
        max_size=20,
    )
)
def test_what_is_written_in_iso_comes_back(moments):
    texts = pl.Series([one and one.isoformat() for one in moments], dtype=pl.String)
    assert read_moments(texts).time.to_list() == moments


@given(
    st.lists(
        st.from_regex(
            r"\A(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
            r"(\.[0-9]{1,12})?(Z|\+00:00)\Z"
        ),
        max_size=6,
    )
)
def test_a_column_of_times_as_trackers_write_them_is_read_as_each_is_beside_others(texts):
    alone = read_moments(pl.Series(texts, dtype=pl.String))
    beside = read_moments(pl.Series([*texts, "3 Feb 2020 04:05:06"], dtype=pl.String))
    assert alone.time.to_list() == beside.time.to_list()[:-1]
    troubles = [
        [None] * len(each.time) if each.trouble is None else each.trouble.to_list()
        for each in (alone, beside)
    ]
    assert troubles[0] == troubles[1][:-1]
    assert alone.dress is None
