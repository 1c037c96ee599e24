"""A workspace as one file: whole, checked, refused where it would do harm."""

import io
import json
import tarfile

import pytest

from arrivals import NOW_US, arrival, buy
from limner.cli import backing
from limner.cli.backing import back_up, restore
from limner.cli.serving import eraser_of, open_store
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, BadStore, LogBusy
from limner.events.durable import only_writer


@pytest.fixture
def shop(ingested):
    found = Workspace(ingested)
    with open_store(found, None) as store:
        store.accept(arrival(buy("ann"), buy("ben", "e2")), received_us=NOW_US)
    return found


def erase(shop, who):
    with open_store(shop, None) as store:
        eraser = eraser_of(shop, store)
        eraser.ask("erase", who, actor="test")
        eraser.resume(actor="test")
        eraser.book.close()


def people(folder):
    with open_store(Workspace(folder), None) as store:
        return {page.customer_id for page in store.pages()}


def test_what_comes_back_is_what_was_copied(shop, tmp_path):
    done = back_up(shop, tmp_path / "b.tar")
    assert done.file.stat().st_mode & 0o077 == 0
    back = restore(done.file, tmp_path / "back")
    assert (back.erased, back.files) == (0, done.files)
    again = Workspace(back.folder)
    assert again.log.manifest.fingerprint == shop.log.manifest.fingerprint
    assert people(back.folder) == {"ann", "ben"}
    assert (back.folder / "secrets" / "pepper").stat().st_mode & 0o077 == 0
    with open_store(again, None) as store:
        eraser = eraser_of(again, store)
        assert eraser.book.audit.verify().good
        eraser.book.close()
    assert not list(tmp_path.glob(".*"))
    # What was put back goes on.
    erase(again, "ann")


def test_whoever_was_erased_since_does_not_come_back(shop, tmp_path):
    copy = back_up(shop, tmp_path / "b.tar").file
    erase(shop, "ann")
    listed = shop.folder / "suppressed.txt"
    assert restore(copy, tmp_path / "named", suppressed=listed).erased == 1
    assert people(tmp_path / "named") == {"ben"}
    known = tmp_path / "known"
    known.mkdir()
    (known / "suppressed.txt").write_text(listed.read_text())
    assert restore(copy, known).erased == 1
    assert people(known) == {"ben"}
    later = back_up(shop, tmp_path / "later.tar").file
    assert restore(later, tmp_path / "later").erased == 0
    with open_store(Workspace(tmp_path / "later"), None) as store:
        receipt = store.accept(arrival(buy("ann", "e9")), received_us=NOW_US)
        assert receipt.erased == (1,)


def test_a_copy_from_before_any_service_knows_who_was_erased_since(ingested, tmp_path):
    shop = Workspace(ingested)
    who = shop.log.scan().collect()["customer_id"][0]
    copy = back_up(shop, tmp_path / "b.tar").file
    erase(shop, who)
    listed = shop.folder / "suppressed.txt"
    assert restore(copy, tmp_path / "back", suppressed=listed).erased == 1
    left = Workspace(tmp_path / "back").log.scan().collect()["customer_id"].to_list()
    assert who not in left
    assert left


def test_an_erasure_that_was_under_way_is_finished(shop, tmp_path):
    with open_store(shop, None) as store:
        eraser = eraser_of(shop, store)
        eraser.ask("erase", "ann", actor="test")
        eraser.book.close()
    copy = back_up(shop, tmp_path / "b.tar").file
    assert restore(copy, tmp_path / "back").erased == 1
    assert people(tmp_path / "back") == {"ben"}


def test_what_would_do_harm_is_refused(shop, tmp_path):
    with pytest.raises(BadConfig, match="within the workspace"):
        back_up(shop, shop.folder / "b.tar")
    with pytest.raises(BadConfig, match="PostgreSQL") as caught:
        back_up(shop, tmp_path / "b.tar", store="postgresql://h/d")
    assert "pg_dump" in caught.value.hint
    with only_writer(shop.folder / "log"), pytest.raises(LogBusy):
        back_up(shop, tmp_path / "b.tar")
    assert not list(tmp_path.glob("*.tar*"))
    copy = back_up(shop, tmp_path / "b.tar").file
    with pytest.raises(BadConfig, match="there already"):
        back_up(shop, copy)
    with pytest.raises(BadConfig, match=r"empty folder, but it holds limner\.toml|holds"):
        restore(copy, shop.folder)
    with pytest.raises(BadConfig, match="is not there"):
        restore(copy, tmp_path / "new", suppressed=tmp_path / "none.txt")
    other = Workspace.create(tmp_path / "other")
    erase(other, "ann")
    with pytest.raises(BadConfig, match="this workspace's key"):
        restore(copy, tmp_path / "new", suppressed=other.folder / "suppressed.txt")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_flipped_byte_or_a_short_file_is_found(shop, tmp_path, at):
    copy = back_up(shop, tmp_path / "b.tar").file
    raw = bytearray(copy.read_bytes())
    with tarfile.open(copy) as archive:
        each = [one for one in archive if one.size > 100][int(at * 5)]
    raw[each.offset_data + 50] ^= 1
    (tmp_path / "bent.tar").write_bytes(raw)
    (tmp_path / "short.tar").write_bytes(raw[: int(len(raw) * at)])
    for name in ("bent.tar", "short.tar"):
        with pytest.raises(BadStore, match="whole backup"):
            restore(tmp_path / name, tmp_path / "new")
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_nothing_is_written_outside_the_folder(tmp_path, name):
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        about = tarfile.TarInfo(name)
        about.size = 1
        archive.addfile(about, io.BytesIO(b"x"))
    with pytest.raises(BadStore, match="no place in a backup"):
        restore(path, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


def test_a_backup_of_a_newer_limner_is_refused(tmp_path):
    path = tmp_path / "new.tar"
    with tarfile.open(path, "w") as archive:
        text = json.dumps({"version": 99}).encode()
        about = tarfile.TarInfo(backing._MANIFEST)
        about.size = len(text)
        archive.addfile(about, io.BytesIO(text))
    with pytest.raises(BadStore, match="newer Limner"):
        restore(path, tmp_path / "back")
