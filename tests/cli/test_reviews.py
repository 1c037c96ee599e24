"""``limner reviews``: what customers wrote, read before a cut, and drawn into profiles."""

# ruff: noqa: RUF001

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from limner.cli.reviews import ReviewsRead, review_note, review_traits
from limner.cli.workspace import Workspace
from limner.errors import TooFew

START = datetime(2024, 1, 1, tzinfo=UTC)
PRAISE = ("great price and it works", "很好，物流很快", "love the colour", "味道不错")
BLAME = ("broke soon, bad quality", "太贵了，质量差", "late and the box was torn", "客服态度差")


def a_frame(count=400):
    rng = np.random.default_rng(0)
    good = rng.random(count) < 0.6
    return pl.DataFrame(
        {
            "customer_id": [f"c{at % 20:02}" for at in range(count)],
            "item_id": [f"i{at % 7}" for at in range(count)],
            "time": [START + timedelta(hours=6 * at) for at in range(count)],
            "event": ["review"] * count,
            "rating": [5.0 if each else 1.0 for each in good],
            "text": [
                f"{(PRAISE if each else BLAME)[rng.integers(4)]} {rng.integers(30)}"
                for each in good
            ],
        }
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Workspace.create(
        tmp_path_factory.mktemp("reviews") / "shop", currency="EUR", questions={"churn": ""}
    )
    made.ingest(a_frame())
    return made


def test_texts_are_read_and_reach_the_profiles(ask, shop):
    done = ask("reviews", "--workspace", shop.folder)
    assert done.exit_code == 0, done.output
    assert "400 texts of 20 customers about 7 items" in done.output
    assert "AUROC 1.000" in done.output
    told = json.loads(ask("reviews", "--workspace", shop.folder, "--json").stdout)
    assert told["texts"] == 400
    assert told["languages"]["zh"] > 100
    table = pl.read_parquet(shop.folder / "reviews/texts.parquet")
    assert "text" not in table.columns
    assert len(table) == 400
    (traits, *_) = review_traits(shop.folder, shop.end)
    assert traits.name == "texts_written"
    assert traits.values["c00"] == 20
    assert traits.as_of == shop.end
    assert review_traits(shop.folder, START) == ()
    assert "after this cut" in review_note(shop.folder, shop.log, START)
    assert review_note(shop.folder, shop.log, shop.end) is None


def test_nothing_after_the_cut_is_read(shop):
    cut = START + timedelta(days=50)
    done = shop.read_reviews(cut=cut)
    assert isinstance(done, ReviewsRead)
    assert done.texts == 200
    table = pl.read_parquet(done.folder / "texts.parquet")
    assert table["time"].max() < cut
    assert "some were written or ingested since" in review_note(shop.folder, shop.log, shop.end)
    past = Workspace.create(shop.folder.parent / "past", currency="EUR", questions={"churn": ""})
    past.ingest(a_frame().filter(pl.col("time") < cut))
    past.read_reviews(cut=START + timedelta(days=49, hours=18, microseconds=1))
    assert pl.read_parquet(past.folder / "reviews/texts.parquet").equals(table)


def test_where_nobody_wrote_it_says_so(tmp_path):
    made = Workspace.create(tmp_path / "shop", currency="EUR", questions={"churn": ""})
    made.ingest(a_frame(50).drop("text", "rating"))
    with pytest.raises(TooFew, match="nobody wrote anything"):
        made.read_reviews()
    assert review_traits(made.folder, made.end) == ()
