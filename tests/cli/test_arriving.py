"""What a service is told of items is read as it comes, as ``limner items`` would read it."""

import time

import numpy as np
import polars as pl
import pytest

from arrivals import arrival
from languages import WORDS, tiny
from limner.cli.arriving import ArrivingItems, arriving_items
from limner.cli.serving import open_store
from limner.cli.workspace import Workspace
from limner.events.event import CATALOGUE_SCHEMA
from painted import painted, tiny_vision
from serving import begun

SAID = " ".join(WORDS).replace(",", "").split()
SETTINGS = """
[text]
encoder = "{text}"
dim = 6

[image]
encoder = "{image}"
size = 32
dim = 4
folder = "pics"
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {"text": tiny(folder / "text"), "image": tiny_vision(folder / "vision")}


@pytest.fixture
def empty(tmp_path, models):
    """A shop that knows nothing, with models that read, and a folder of pictures."""
    made = Workspace.create(tmp_path / "shop", currency="EUR")
    (made.folder / "pics").mkdir()
    for at, content in enumerate(painted(4)[0]):
        (made.folder / "pics" / f"{at}.png").write_bytes(content)
    with (made.folder / "limner.toml").open("a") as file:
        file.write(SETTINGS.format(**models))
    return Workspace(made.folder)


@pytest.fixture
def shop(empty):
    """The same, with a log of some items that were read."""
    rows = [
        {"customer_id": "ann", "time": f"2024-01-{day:02}", "event": "view", "item_id": f"i{day}"}
        | {"title": " ".join(SAID[day : day + 3]), "image": f"{day % 3}.png"}
        for day in range(1, 20)
    ]
    empty.ingest(pl.DataFrame(rows))
    empty.read_items()
    return empty


def catalogue(**items):
    rows = [dict.fromkeys(CATALOGUE_SCHEMA) | {"item_id": item} | told
            for item, told in items.items()]  # fmt: skip
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA)


def test_they_are_read_as_the_log_s_are_to_the_last_bit(shop):
    reads = arriving_items(shop)
    known = shop.log.item_vectors()
    assert reads.versions() == {look: each.version for look, each in known.items()}
    again = reads.read(shop.log.catalogue())
    for look, each in known.items():
        assert again[look].ids.tolist() == each.ids.tolist()
        assert np.array_equal(again[look].vectors, each.vectors)


def test_what_says_and_shows_nothing_has_no_vector(shop):
    reads = ArrivingItems(shop)
    reads.versions()
    told = catalogue(
        bare={},
        dotted={"title": " "},
        said={"title": "a new thing"},
        shown={"image": "3.png"},
        outside={"image": "../limner.toml"},
        gone={"image": "9.png"},
        far={"image": "https://shop.example/1.png"},
    )
    found = reads.read(told)
    assert found["text"].ids.tolist() == ["said"]
    assert found["image"].ids.tolist() == ["shown"]


def test_nothing_is_read_before_directions_were_learned_and_other_ones_are_heeded(empty):
    reads = ArrivingItems(empty)
    assert reads.versions() == {}
    assert reads.read(catalogue(a={"title": "a"})) == {}
    with open_store(empty, None) as store:
        store.accept(told(), received_us=0)
    assert empty.read_items().looks["text"].items == 0
    (before,) = [version for look, version in reads.versions().items() if look == "text"]
    file = next((empty.folder / "models/text").glob("directions-*"))
    with np.load(file) as arrays:
        np.savez(file.with_suffix(""), centre=arrays["centre"] + 1, directions=arrays["directions"])
    assert reads.versions()["text"] != before
    file.unlink()
    assert "text" not in reads.versions()


def told():
    """Return an arrival with items that say and show something, and no event."""
    items = {
        f"n{at}": {"title": " ".join(SAID[at : at + 2]), "image": f"{at}.png"} for at in range(4)
    }
    return arrival(catalogue=catalogue(**items))


def test_a_shop_that_names_no_model_reads_nothing(tmp_path):
    assert arriving_items(Workspace.create(tmp_path / "bare")) is None


@pytest.mark.parametrize("drawing", ["apart", "within"])
def test_a_service_knows_new_items_by_what_they_say_and_show(shop, drawing):
    with (shop.folder / "limner.toml").open("a") as file:
        file.write(f'\n[serve]\ndrawing = "{drawing}"\n')
    with begun(shop.folder) as (_, asks), asks() as client:
        new = {"item_id": "new", "title": " ".join(SAID[3:6]), "image": "1.png"}
        assert client.post("/v1/items", json=[new]).status_code == 200
        told = {}
        for by in ("text", "image"):
            end = time.monotonic() + 60
            while (answer := client.get("/v1/items/new/similar", params={"by": by})).is_error:
                assert time.monotonic() < end, answer.text
                time.sleep(0.02)
            told[by] = answer.json()
        assert told["text"]["similar"][0]["item_id"] == "i3"
        assert told["text"]["similar"][0]["score"] == pytest.approx(1.0, abs=1e-5)
        same_picture = {each["item_id"] for each in told["image"]["similar"][:7]}
        assert same_picture == {"i1", "i4", "i7", "i10", "i13", "i16", "i19"}
        back = client.get("/v1/items/i3/similar", params={"by": "text", "n": 1}).json()
        assert back["similar"][0]["item_id"] == "new"
        assert back["similar"][0]["title"] == " ".join(SAID[3:6])
