"""From what a shop names to what is read."""

import polars as pl
import pytest

from limner.cli.settings import read_settings
from limner.cli.sourcing import choose_mappings, open_sources, was_erased
from limner.errors import BadConfig, BadSource
from limner.events.mapping import Mapping, write_mapping
from limner.events.suppression import Suppression, add_suppressed
from limner.service.keys import read_pepper

EVENTS = pl.DataFrame(
    {"user_id": ["u1"], "time": ["2024-05-01"], "kind": ["purchase"], "price": [1.0]}
)


def settings(tmp_path, text=""):
    (tmp_path / "limner.toml").write_text(text)
    return read_settings(tmp_path / "limner.toml")


def orders(**more):
    return Mapping(reader="csv", columns={"customer_id": "a", "time": "b"}, **more)


def test_a_frame_is_read_without_a_file(tmp_path):
    ((reader, mapping, source),) = open_sources(tmp_path, settings(tmp_path), [EVENTS], None)
    assert mapping.reader == "frame"
    assert source is EVENTS
    assert sum(len(batch.events) for batch in reader.read(source, mapping)) == 1


def test_the_shops_currency_is_for_sources_that_name_none(tmp_path):
    shop = settings(tmp_path, '[shop]\ncurrency = "EUR"\n')
    ((_, mapping, _),) = open_sources(tmp_path, shop, [EVENTS], None)
    assert mapping.constants["currency"] == "EUR"
    told = EVENTS.with_columns(currency=pl.lit("USD"))
    ((_, mapping, _),) = open_sources(tmp_path, shop, [told], None)
    assert "currency" not in mapping.constants


def test_the_mapping_that_names_a_file_goes_before_the_one_for_any(tmp_path):
    special, any_file = orders(files=("refunds-*.csv",)), orders()
    chosen = dict(
        choose_mappings(tmp_path, None, ["in/refunds-1.csv", "x.csv"], [any_file, special])
    )
    assert chosen == {"in/refunds-1.csv": special, "x.csv": any_file}


def test_one_mapping_given_by_hand_is_for_whatever_is_named_with_it(tmp_path):
    only = orders(files=("orders.csv",))
    assert choose_mappings(tmp_path, None, ["renamed.csv"], only) == [("renamed.csv", only)]


def test_where_no_mapping_is_for_a_file_it_says_for_which_there_are(tmp_path):
    several = [orders(files=("a*.csv",)), orders(files=("b*.csv",))]
    with pytest.raises(
        BadConfig, match=r"no mapping is for c\.csv; there are some for a\*\.csv, b"
    ):
        choose_mappings(tmp_path, None, ["c.csv"], several)


def test_the_settings_name_files_from_the_workspace_on(tmp_path):
    write_mapping([orders()], tmp_path / "mapping.toml")
    shop = settings(
        tmp_path,
        '[[sources]]\nfiles = ["in/*.csv", "sqlite:///shop.db", "complete-journey"]\n'
        'map = "mapping.toml"\n',
    )
    named = [source for source, _ in choose_mappings(tmp_path, shop, [], None)]
    assert named == [f"{tmp_path}/in/*.csv", "sqlite:///shop.db", "complete-journey"]


def test_a_folder_beside_the_settings_goes_before_a_published_name(tmp_path):
    (tmp_path / "exports").mkdir()
    shop = settings(tmp_path, '[[sources]]\nfiles = ["exports"]\n')
    assert choose_mappings(tmp_path, shop, [], None) == [(str(tmp_path / "exports"), None)]


def test_what_no_reader_takes_is_refused(tmp_path):
    with pytest.raises(BadSource):
        open_sources(tmp_path, settings(tmp_path), ["no-such-log"], None)


def test_whoever_is_erased_meanwhile_is_known_from_then_on(tmp_path):
    gone = was_erased(tmp_path)
    assert not gone("ann")
    pepper = read_pepper(tmp_path / "secrets" / "pepper")
    listed, key = tmp_path / "suppressed.txt", Suppression(pepper)
    add_suppressed(listed, pepper, [key.digest("ann")])
    assert gone("ann")
    assert not gone("ben")
    add_suppressed(listed, pepper, [key.digest("ben")])
    assert gone("ben")
