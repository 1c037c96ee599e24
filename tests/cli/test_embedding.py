"""Everybody's blocks in a file: null where there is none, or filled in and marked; and metadata."""

import json
import shutil

import polars as pl
import pytest

from languages import tiny
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, NotFitted

SMALL = "\n[model]\nwidth = 8\nlongest = 32\n\n[pretrain]\nsteps = 4\ncustomers = 16\n"
BLOCKS = ["aggregates", "sequence", "collaborative"]


def small(shop):
    with (shop.folder / "limner.toml").open("a") as file:
        file.write(SMALL)
    return Workspace(shop.folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, made_up):
    """A shop with a model of April, and one who never met anything that has a name."""
    made = Workspace.create(tmp_path_factory.mktemp("embedding") / "shop", currency="EUR")
    events = made_up.events()
    stranger = pl.DataFrame(
        {"customer_id": ["zoe"], "time": [events["time"].min()], "kind": ["view"]},
        schema={name: events.schema[name] for name in ("customer_id", "time", "kind")},
    )
    made.ingest(pl.concat([events, stranger], how="diagonal"))
    made = small(made)
    made.pretrain("2024-04-01")
    return made


@pytest.fixture(scope="module")
def plain(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "deep" / "blocks.parquet"
    return shop.embed(out)


def told(out):
    return json.loads(pl.read_parquet_metadata(out)["limner"])


def test_it_writes_one_list_column_a_block_for_everybody(plain):
    table = pl.read_parquet(plain.out)
    assert table.columns == ["customer_id", *BLOCKS]
    assert len(table) == plain.customers == table["customer_id"].n_unique()
    for name in BLOCKS:
        assert table[name].dtype == pl.List(pl.Float32)
        assert set(table[name].drop_nulls().list.len()) == {plain.blocks[name]}
    assert plain.blocks["sequence"] == 8


def test_whoever_lacks_a_block_has_null_there(plain):
    table = pl.read_parquet(plain.out)
    zoe = table.row(by_predicate=pl.col("customer_id") == "zoe", named=True)
    assert zoe["collaborative"] is None
    assert zoe["sequence"] is not None
    assert plain.lacking == {"aggregates": 0, "sequence": 0, "collaborative": 1}
    assert table["collaborative"].null_count() == 1


def test_the_file_says_what_its_blocks_are(plain):
    facts = told(plain.out)
    assert facts["as_of"] == plain.as_of.isoformat()
    assert [block["name"] for block in facts["blocks"]] == BLOCKS
    for block in facts["blocks"]:
        assert set(block) == {"name", "version", "dim", "coverage", "as_of"}
        assert block["dim"] == plain.blocks[block["name"]]
        lacking = plain.lacking[block["name"]]
        assert block["coverage"] == pytest.approx(1 - lacking / plain.customers, abs=1e-5)


def test_what_is_filled_in_is_marked_and_nothing_else_moves(ask, shop, plain, tmp_path):
    out = tmp_path / "filled.parquet"
    result = ask("embed", "--out", out, "--workspace", shop.folder, "--impute", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["imputed"] is True
    table, before = pl.read_parquet(out), pl.read_parquet(plain.out)
    assert table.columns == ["customer_id", *BLOCKS, *(f"{name}_imputed" for name in BLOCKS)]
    assert table.filter("collaborative_imputed")["customer_id"].to_list() == ["zoe"]
    assert table["collaborative"].null_count() == 0
    own = table.filter(~pl.col("collaborative_imputed"))
    assert own.select("customer_id", *BLOCKS).equals(before.filter(pl.col("customer_id") != "zoe"))


def test_blocks_of_one_model_lie_in_one_space_at_every_later_cut(shop, plain, tmp_path):
    early = shop.embed(tmp_path / "early.parquet", cut="2024-04-20")
    versions = [
        {block["name"]: block["version"] for block in told(done.out)["blocks"]}
        for done in (early, plain)
    ]
    assert versions[0] == versions[1]
    assert early.blocks == plain.blocks


def test_a_shop_without_items_has_the_other_blocks(made_up, tmp_path):
    bare = Workspace.create(tmp_path / "bare", currency="EUR")
    bare.ingest(made_up.events().select("customer_id", "time", "kind", "quantity", "price"))
    bare = small(bare)
    bare.pretrain("2024-04-01")
    for impute in (False, True):
        done = bare.embed(tmp_path / "blocks.parquet", impute=impute)
        table = pl.read_parquet(done.out)
        assert done.blocks["collaborative"] == 0
        assert table["collaborative"].null_count() == len(table) == done.lacking["collaborative"]
        assert [block["name"] for block in told(done.out)["blocks"]] == BLOCKS[:2]


def test_who_customers_were_before_the_model_knew_is_refused(shop, tmp_path):
    with pytest.raises(BadConfig, match="knows what came before") as caught:
        shop.embed(tmp_path / "blocks.parquet", cut="2024-03-01")
    assert caught.value.hint == "limner pretrain --cut 2024-03-01"


def test_where_nothing_can_be_written_it_says_so(shop, tmp_path):
    with pytest.raises(BadConfig, match="is a folder"):
        shop.embed(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadConfig, match="cannot be written"):
        shop.embed(tmp_path / "file" / "blocks.parquet")


def test_without_a_model_it_says_what_to_do(ingested, tmp_path):
    with pytest.raises(NotFitted, match="no behaviour model"):
        Workspace(ingested).embed(tmp_path / "blocks.parquet")


def test_a_language_model_that_is_named_reads_titles_into_a_block(shop, tmp_path):
    copied = shutil.copytree(shop.folder, tmp_path / "shop")
    with (copied / "limner.toml").open("a") as file:
        file.write(f'\n[text]\nencoder = "{tiny(tmp_path / "model")}"\nblock.dim = 5\n')
    made = Workspace(copied)
    events = made.log.scan().select("customer_id", "time").head(40).collect()
    reviews = events.with_columns(
        kind=pl.lit("review"),
        text=pl.Series([f"{word} shirt" for word in ("red", "warm", "late", "fine")] * 10),
    )
    made.ingest(reviews)
    made.pretrain("2024-04-01")
    done = made.embed(tmp_path / "blocks.parquet")
    table = pl.read_parquet(tmp_path / "blocks.parquet")
    assert table.columns == ["customer_id", *BLOCKS, "text"]
    assert done.blocks["text"] == 5
    assert set(table["text"].drop_nulls().list.len()) == {5}
    assert table.row(by_predicate=pl.col("customer_id") == "zoe", named=True)["text"] is None
    assert done.lacking["text"] >= 1
    with (copied / "limner.toml").open("a") as file:
        file.write("block.dims = 5\n")
    with pytest.raises(BadConfig, match=r"\[text.block\]: dims is not a setting"):
        Workspace(copied).embed(tmp_path / "blocks.parquet")
