"""``limner items``: words and pictures of items beside the log, read once, and used from then on."""

import json

import numpy as np
import polars as pl
import pytest

from languages import tiny
from limner.cli.items import ItemsRead
from limner.cli.workspace import Workspace
from painted import painted, tiny_vision

SETTINGS = """
[text]
encoder = "{text}"
dim = 8

[image]
encoder = "{image}"
size = 32
dim = 6
folder = "pictures of items"

[model]
width = 8
longest = 32

[pretrain]
steps = 4
customers = 16
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {"text": tiny(folder / "text"), "image": tiny_vision(folder / "vision")}


@pytest.fixture
def shop(tmp_path, made_up, models):
    """A shop whose items have titles, and pictures but for one that is broken and one missing."""
    made = Workspace.create(tmp_path / "shop", currency="EUR")
    pictures, kinds = painted(6)
    home = made.folder / "pictures of items"
    home.mkdir()
    for at, content in enumerate(pictures):
        (home / f"{at}.png").write_bytes(content)
    (home / "broken.png").write_bytes(pictures[0][:60])
    events = made_up.events()
    items = events["item_id"].drop_nulls().unique().sort()
    files = [*(f"{at % 6}.png" for at in range(len(items) - 2)), "broken.png", "missing.png"]
    known = pl.DataFrame({"item_id": items, "image": files}).with_columns(
        title=pl.format("a {} thing", pl.Series([kinds[at % 3] for at in range(len(items))]))
    )
    made.ingest(events.join(known, on="item_id", how="left"))
    with (made.folder / "limner.toml").open("a") as file:
        file.write(SETTINGS.format(**models))
    return Workspace(made.folder)


def test_what_items_say_and_show_reaches_the_model_the_blocks_and_the_offers(ask, shop, tmp_path):
    done = ask("items", "--workspace", shop.folder)
    assert done.exit_code == 0, done.output
    assert "60 of 60 items have a vector of 8 numbers, 60 of them new" in done.output.replace(
        "text: ", ""
    )
    assert "58 of 60 items have a vector" in done.output
    assert "broken.png" in done.stderr
    assert "missing.png" in done.stderr
    assert isinstance(shop.read_items(), ItemsRead)
    again = json.loads(ask("items", "--workspace", shop.folder, "--json").stdout)
    assert again["items"] == 60
    assert {name: look["new"] for name, look in again["looks"].items()} == {"text": 0, "image": 0}
    model = shop.pretrain("2024-04-01")
    names = json.loads((model.folder / "vocabulary.json").read_text())
    assert set(names["codebooks"]) == {"text", "image"}
    out = shop.embed(tmp_path / "blocks.parquet")
    assert {"text", "image"} <= set(out.blocks)
    assert out.blocks["image"] == 6
    table = pl.read_parquet(out.out)
    lengths = np.linalg.norm(table["image"].drop_nulls().to_numpy().tolist(), axis=1)
    assert np.allclose(lengths, 1, atol=1e-4)


def test_nothing_outside_the_folder_is_looked_at_and_one_look_alone_is_enough(ask, shop, tmp_path):
    pictures, _ = painted(1)
    (shop.folder / "outside.png").write_bytes(pictures[0])
    rows = [
        {"customer_id": "ann", "time": f"2024-01-0{day}", "event": "view", "item_id": f"i{day}"}
        | {"image": image}
        for day, image in enumerate(
            ["../outside.png", str(shop.folder / "outside.png"), "in.png"], 1
        )
    ]
    bare = Workspace.create(tmp_path / "bare", currency="EUR")
    (bare.folder / "pics").mkdir()
    (bare.folder / "pics/in.png").write_bytes(pictures[0])
    bare.ingest(pl.DataFrame(rows))
    settings = shop.folder.joinpath("limner.toml").read_text()
    (bare.folder / "limner.toml").write_text(settings.replace("pictures of items", "pics"))
    done = Workspace(bare.folder).read_items()
    assert set(done.looks) == {"image"}
    assert done.looks["image"].items == 1
    assert len(done.looks["image"].refused) == 2
    assert "has words" in done.lacking[0]
    assert ask("items", "--inside", "--workspace", bare.folder).exit_code == 2
