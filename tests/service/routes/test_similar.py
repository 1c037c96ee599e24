"""Who and what is alike over HTTP: by vectors where there are some, else by traits and orders."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from limner.events.item_vectors import ItemVectors
from limner.events.log import EventLog
from serving import a_server, bought

PEOPLE = ("ann", "ben", "cat", "dan")


def basket(who, number, *items):
    products = [{"product_id": item, "name": item.title(), "price": 2.0} for item in items]
    properties = {"order_id": f"{who}{number}", "products": products}
    return bought(who, f"{who}{number}", order=f"{who}{number}") | {"properties": properties}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("similar")


@pytest.fixture(scope="module")
def served(folder):
    log = EventLog.create(folder / "log", buckets=1)
    with a_server(folder, log=log) as found:
        for who, orders in (("ann", 3), ("ben", 1), ("cat", 3), ("dan", 3)):
            items = ("tea", "mug") if who != "ben" else ("tea",)
            found.send(*(basket(who, at, *items) for at in range(orders))).raise_for_status()
        for who in PEOPLE:
            found.profile(who)
        said = found.client.put("/v1/privacy/subjects/dan/consents", json={"service": False})
        said.raise_for_status()
        yield found


@pytest.fixture
def vectors(served, folder):
    """Let the workspace have vectors of all but ben."""
    rows = {"ann": [1.0, 0.0], "cat": [0.0, 1.0], "dan": [1.0, 0.1], "gone": [1.0, 0.0]}
    told = {"name": "sequence", "version": "v1", "dim": 2, "as_of": "2026-05-01T00:00:00+00:00"}
    table = pl.DataFrame(
        {
            "customer_id": [*rows, "ben"],
            "sequence": pl.Series([*rows.values(), None], dtype=pl.List(pl.Float32)),
        }
    )
    file = folder / "blocks.parquet"
    table.write_parquet(file, metadata={"limner": json.dumps({"blocks": [told]})})
    neighbours = served.app.state.neighbours
    before = neighbours.parts
    neighbours.parts = replace(before, blocks=file)
    yield file
    neighbours.parts = before


def similar(served, who, **more):
    return served.client.get(f"/v1/profiles/{who}/similar", **more)


def test_without_vectors_traits_have_to_do_and_it_is_said(served):
    told = similar(served, "ann").json()
    assert (told["by"], told["degraded"]) == ("traits", ["vectors"])
    assert [each["customer_id"] for each in told["similar"]] == ["cat", "ben"], "dan said no"
    assert told["similar"][0]["score"] > told["similar"][1]["score"]
    assert similar(served, "ann", params={"by": "traits"}).json()["degraded"] == []
    missing = similar(served, "ann", params={"by": "sequence"})
    assert (missing.status_code, missing.json()["code"]) == (409, "no_vectors")
    risk = similar(served, "ann", headers={"X-Purpose": "risk"}).json()
    assert "dan" in {each["customer_id"] for each in risk["similar"]}


def test_with_vectors_the_block_is_named(served, vectors):
    told = similar(served, "ann", headers={"X-Purpose": "risk"}).json()
    assert (told["by"], told["version"], told["degraded"]) == ("sequence", "v1", [])
    assert [each["customer_id"] for each in told["similar"]] == ["dan", "cat"], "gone is gone"
    lacks = similar(served, "ben").json()
    assert (lacks["by"], lacks["degraded"]) == ("traits", ["vectors"])
    other = similar(served, "ann", params={"by": "image"})
    assert (other.status_code, other.json()["code"]) == (404, "unknown_block")


def test_a_vector_is_for_whoever_may_have_it(served, vectors):
    path = "/v1/profiles/{}/embedding"
    told = served.client.get(path.format("ann")).json()
    assert (told["block"], told["dim"], told["vector"]) == ("sequence", 2, [1.0, 0.0])
    assert told["blocks"] == ["sequence"]
    assert served.client.get(path.format("ben")).json()["code"] == "no_vector"
    assert served.client.get(path.format("dan")).status_code == 403
    reader = served.key_for("profile:read")
    assert served.client.get(path.format("ann"), headers=reader).status_code == 403
    vectors.unlink()
    assert served.client.get(path.format("ann")).json()["code"] == "no_vectors"


def test_items_are_alike_that_several_customers_bought_together(served):
    told = served.client.get("/v1/items/tea/similar").json()
    assert (told["by"], told["degraded"]) == ("bought_with", ["vectors"])
    (mug,) = told["similar"]
    assert (mug["item_id"], mug["title"], mug["orders"]) == ("mug", "Mug", 9)
    assert mug["score"] == pytest.approx(9 / (10 * 9) ** 0.5)
    nothing = served.client.get("/v1/items/nothing/similar")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "unknown_item")
    assert served.client.get("/v1/items/tea/similar?by=text").json()["code"] == "unknown_look"


def test_items_are_alike_by_what_a_model_read_of_them(served):
    log, neighbours = served.app.state.parts.painter.log, served.app.state.neighbours
    ids = np.array(["tea", "cup", "mug"])
    vectors = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    log.keep_item_vectors("text", ItemVectors(ids, vectors, "m1"))
    neighbours._looks._kept = None
    told = served.client.get("/v1/items/tea/similar").json()
    assert (told["by"], told["version"], told["degraded"]) == ("text", "m1", [])
    assert [each["item_id"] for each in told["similar"]] == ["mug", "cup"]
    told = served.client.get("/v1/items/tea/similar?by=bought_with").json()
    assert (told["by"], told["degraded"]) == ("bought_with", [])
    (log.folder / "vectors" / "text.parquet").unlink()
    neighbours._looks._kept = None


def test_whoever_is_erased_is_like_nobody(served):
    served.send(*(basket("eve", at, "tea", "mug") for at in range(3)))
    served.profile("eve")
    served.app.state.neighbours._traits._kept = None
    assert "eve" in {each["customer_id"] for each in similar(served, "ann").json()["similar"]}
    body = {"type": "erase", "customer_id": "eve"}
    asked = served.client.post("/v1/privacy/requests", json=body).json()
    while served.client.get(f"/v1/privacy/requests/{asked['id']}").json()["state"] != "done":
        pass
    assert "eve" not in {each["customer_id"] for each in similar(served, "ann").json()["similar"]}
    assert "eve" not in served.app.state.neighbours._traits._kept[2].customers
