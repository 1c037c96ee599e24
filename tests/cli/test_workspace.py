"""The folder of a shop, from Python."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from limner.cli.workspace import Workspace
from limner.errors import BadConfig, BadSource, NotFitted, NoWorkspace, TooFew, UnknownCustomer
from limner.events import examine

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def some_events(*times):
    return pl.DataFrame(
        {
            "customer_id": [f"u{number}" for number in range(len(times))],
            "time": times,
            "kind": ["purchase"] * len(times),
            "item_id": ["p1"] * len(times),
            "price": [2.5] * len(times),
        }
    )


def test_it_is_found_from_a_folder_inside_it(empty, monkeypatch):
    (empty / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(empty / "a" / "b")
    assert Workspace().folder == empty
    assert repr(Workspace(empty)) == f"Workspace({str(empty)!r})"


def test_a_folder_without_settings_is_none(tmp_path, monkeypatch):
    with pytest.raises(NoWorkspace, match=r"must hold a limner\.toml"):
        Workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoWorkspace, match="or above"):
        Workspace()


def test_before_anything_was_done_each_step_names_the_one_before(empty):
    shop = Workspace(empty)
    for step in (lambda: shop.log, shop.fit, shop.evaluate):
        with pytest.raises(NotFitted) as caught:
            step()
        assert "limner ingest" in caught.value.hint
    for step in (lambda: shop.profile("u1"), lambda: shop.recommend("u1")):
        with pytest.raises(NotFitted) as caught:
            step()
        assert "limner fit" in caught.value.hint
    with pytest.raises(BadConfig, match="nothing to read"):
        shop.ingest()


def test_without_questions_it_asks_what_any_shop_can(tmp_path):
    (tmp_path / "limner.toml").write_text("")
    assert list(Workspace(tmp_path).questions)[:2] == ["churn", "purchase"]


def test_a_question_of_the_shops_own_is_read_and_a_wrong_one_refused(tmp_path):
    path = tmp_path / "limner.toml"
    path.write_text('[questions.fish]\nshape = "whether"\nhorizon_days = 7\n')
    assert Workspace(tmp_path).questions["fish"].horizon_days == 7
    path.write_text('[questions.fish]\nshape = "whther"\n')
    with pytest.raises(BadConfig, match="fish"):
        _ = Workspace(tmp_path).questions


def test_a_data_frame_is_ingested_and_the_present_is_an_argument(empty):
    shop = Workspace(empty)
    frame = some_events(NOON, datetime(2024, 6, 1, tzinfo=UTC))
    account = shop.ingest(frame, now=NOON)
    assert (account.rows_in, account.rows_after) == (2, 1)


def test_progress_is_told_in_words_and_shares(empty):
    told = []
    Workspace(empty).ingest(some_events(NOON), progress=lambda *each: told.append(each))
    assert told
    assert all(isinstance(what, str) and 0 <= share <= 1 for what, share in told)


def test_the_end_is_the_first_midnight_of_the_shop_after_the_newest_event(tmp_path):
    late = datetime(2024, 5, 1, 23, 30, tzinfo=UTC)
    for zone, end in {
        "UTC": datetime(2024, 5, 2, tzinfo=UTC),
        "Asia/Shanghai": datetime(2024, 5, 2, 16, tzinfo=UTC),
        "America/New_York": datetime(2024, 5, 2, 4, tzinfo=UTC),
    }.items():
        shop = Workspace.create(tmp_path / zone, time_zone=zone)
        shop.ingest(some_events(late))
        assert shop.end == end


def test_a_log_without_events_has_no_end(empty):
    shop = Workspace(empty)
    shop.ingest(some_events(NOON), now=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(TooFew, match="holds no events"):
        shop.fit()


def test_a_wrong_cut_is_refused(ingested):
    with pytest.raises(BadConfig, match="must be a date"):
        Workspace(ingested).fit("soon")


def test_a_profile_has_what_was_asked(learned):
    shop = Workspace(learned)
    profile = next(shop.profiles())
    assert shop.profile(profile.customer_id) == profile
    assert profile.as_of == shop.end
    assert profile.currency == "EUR"
    asked = {each.question for one in shop.profiles() for each in one.predictions}
    assert asked == {"churn", "spend"}


def test_every_customer_of_the_log_has_a_profile(learned):
    shop = Workspace(learned)
    assert len(shop.store) == shop.log.manifest.customers


def test_an_unknown_customer_is_refused(learned):
    with pytest.raises(UnknownCustomer):
        Workspace(learned).profile("nobody at all")


def test_recommendations_are_as_many_as_asked_and_each_has_a_reason(learned):
    shop = Workspace(learned)
    someone = max(shop.profiles(), key=lambda each: len(each.recommendations))
    items = shop.recommend(someone.customer_id, k=5)
    assert len(items) == 5
    assert all(item.reason_en for item in items)


def test_the_same_seed_draws_the_same_profiles_here_or_in_a_pool(learned, ingested):
    path = ingested / "limner.toml"
    text = path.read_text(encoding="utf-8")
    assert "workers = 1 " in text
    path.write_text(text.replace("workers = 1 ", "workers = 2 "), encoding="utf-8")
    Workspace(ingested).fit(seed=1)

    def plain(folder):
        return [
            {key: value for key, value in one.to_dict().items() if key != "computed_at"}
            for one in Workspace(folder).profiles()
        ]

    pool, here = plain(ingested), plain(learned)
    assert len(pool) == len(here)
    for one, other in zip(pool, here, strict=True):
        assert [name for name in other if one[name] != other[name]] == []


def test_nothing_at_or_after_the_cut_is_in_a_profile(quick):
    """Cut in the middle: a log that ends there gives the same profiles."""
    cut = datetime(2024, 5, 1, tzinfo=UTC)
    shop = Workspace(quick)
    shop.fit("2024-05-01", seed=1)
    full = {one.customer_id: one for one in shop.profiles()}
    early = Workspace.create(quick.parent / "early", questions={"churn": ""})
    early.ingest(shop.log.scan().filter(pl.col("time") < cut).collect())
    early.fit("2024-05-01", seed=1)
    seen = {one.customer_id: one for one in early.profiles()}
    assert full.keys() == seen.keys()
    for customer, profile in seen.items():
        assert full[customer].traits == profile.traits
        assert [each.value for each in full[customer].predictions] == pytest.approx(
            [each.value for each in profile.predictions]
        )


def test_a_file_read_with_another_mapping_is_refused_instead_of_doubled(tmp_path, orders):
    shop = Workspace.create(tmp_path / "shop")
    rows = shop.ingest(orders).rows_after
    mapping = examine(orders).mapping
    other = mapping.model_copy(
        update={"options": mapping.options.model_copy(update={"time_zone": "Asia/Shanghai"})}
    )
    with pytest.raises(BadSource, match="they would stand in it twice") as caught:
        shop.ingest(orders, mapping=other)
    assert "remove the folder log/" in caught.value.hint
    assert shop.log.manifest.rows == rows


def test_a_log_too_short_for_a_question_is_said_instead_of_guessed(tmp_path, made_up):
    events = made_up.events()
    short = events.filter(pl.col("time") < events["time"].min() + timedelta(days=20))
    shop = Workspace.create(tmp_path / "shop", questions={"purchase": "", "orders": ""})
    shop.ingest(short)
    with pytest.raises(TooFew, match="looks 30 days ahead, but the log reaches only 20 days"):
        shop.fit()
