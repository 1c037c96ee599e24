"""What ``limner.toml`` may say."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.cli.settings import Shop, chosen, moment, read_settings
from limner.cli.template import DEMO_QUESTIONS, QUESTIONS, render_settings
from limner.errors import BadConfig


def written(folder, text):
    path = folder / "limner.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_all_defaults(tmp_path):
    settings = read_settings(written(tmp_path, ""))
    assert settings.shop.time_zone == "UTC"
    assert settings.log.buckets == 16
    assert settings.questions == {}


def test_every_table_is_read(tmp_path):
    settings = read_settings(
        written(
            tmp_path,
            """
            [shop]
            name = "corner"
            currency = "EUR"
            time_zone = "Asia/Shanghai"
            [[sources]]
            files = ["a.csv", "b.csv"]
            map = "mapping.toml"
            [log]
            buckets = 4
            [cleaning]
            bots = "refuse"
            [questions.fish]
            shape = "whether"
            [profiles]
            recommendations = 5
            [fit]
            cut = 2024-05-01
            [evaluate]
            cuts = [2024-04-01, 2024-05-01T06:00:00Z]
            resamples = 200
            [engine]
            workers = 2
            """,
        )
    )
    assert settings.shop.currency == "EUR"
    assert settings.sources[0].files == ("a.csv", "b.csv")
    assert settings.cleaning == {"bots": "refuse"}
    assert settings.questions == {"fish": {"shape": "whether"}}
    assert settings.fit.cut == date(2024, 5, 1)
    assert settings.evaluate.cuts[1] == datetime(2024, 5, 1, 6, tzinfo=UTC)
    assert settings.engine.workers == 2
    assert settings.profiles == {"recommendations": 5}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[shop]\nnmae = 'x'", "limner.toml [shop]: nmae is not a setting", "name"),
        ("[shpo]\n", "[shpo] is not a table", "shop"),
        ("[shop]\ntime_zone = 'Mars/North'", "no IANA time zone", ""),
        ("[shop]\ncurrency = 'EURO'", "at most 3", ""),
        ("[log]\nbuckets = 0", "greater than or equal to 1, got 0", ""),
        ("[[sources]]\nfile = 'a.csv'", "[[sources]] 1: file", ""),
        ("sources = 'a.csv'", "sources must be a list of tables", "[[sources]]"),
        ("shop = 'x'", "shop must be a table", "[shop]"),
        ("[questions]\nchurn = 14", "churn must be a table", "[questions.churn]"),
        ("[evaluate]\nresamples = 3", "greater than or equal to 100", ""),
        ("name = unquoted", "must be TOML", "quotes"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_mends_it(tmp_path, text, message, hint):
    with pytest.raises(BadConfig) as caught:
        read_settings(written(tmp_path, text))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "limner.toml"
    path.write_bytes(b"[shop]\nname = '\xff\xfe'")
    with pytest.raises(BadConfig, match="must be UTF-8"):
        read_settings(path)


def test_a_date_begins_in_the_shops_own_zone():
    assert moment("2017-12-01", time_zone="America/New_York") == datetime(
        2017, 12, 1, 5, tzinfo=UTC
    )
    assert moment(date(2017, 12, 1)) == datetime(2017, 12, 1, tzinfo=UTC)


def test_a_time_with_a_zone_keeps_it():
    assert moment("2017-12-01T00:00:00+02:00", time_zone="Asia/Tokyo") == datetime(
        2017, 11, 30, 22, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["soon", "2017-13-01", "", "01.12.2017"])
def test_what_is_no_date_is_refused_with_an_example(text):
    with pytest.raises(BadConfig, match="must be a date") as caught:
        moment(text)
    assert "2017-12-01" in caught.value.hint


@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.sampled_from([None, "EUR", "CNY"]),
    st.sampled_from([QUESTIONS, DEMO_QUESTIONS]),
    st.lists(st.text(min_size=1, max_size=20), max_size=3),
    st.lists(st.text(max_size=40), max_size=2),
)
def test_whatever_a_shop_is_called_its_file_can_be_read_again(
    tmp_path_factory, name, about, currency, questions, sources, tried
):
    shop = Shop(name=name, about=about, currency=currency, time_zone="Europe/Berlin")
    path = tmp_path_factory.mktemp("shop") / "limner.toml"
    text = render_settings(
        shop, questions=questions, sources=sources, cuts=["2017-12-01"], tried=tried
    )
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    settings = read_settings(path)
    assert settings.shop == shop
    assert list(settings.questions) == list(questions)
    assert [source.files for source in settings.sources] == [(source,) for source in sources]
    assert settings.evaluate.cuts == (date(2017, 12, 1),)
    assert settings.evaluate.tried == tuple(tried)


def test_questions_are_chosen_by_name_in_the_order_of_the_settings():
    known = {"churn": 1, "spend": 2, "next_item": 3}
    assert chosen(known, ()) == known
    assert list(chosen(known, ["next_item", "churn"])) == ["churn", "next_item"]
    with pytest.raises(BadConfig, match="asks no question 'chrun'; it asks churn, spend") as caught:
        chosen(known, ["chrun"])
    assert caught.value.hint == "did you mean 'churn'?"
    with pytest.raises(BadConfig) as caught:
        chosen(known, ["something else"])
    assert "[questions.something else]" in caught.value.hint
