"""A restore leaves what is there alone, and lets nobody who was erased come back unsaid."""

from limner.events.suppression import Suppression, add_suppressed


def test_a_folder_that_holds_something_is_left_alone(ask, ingested, tmp_path):
    assert ask("backup", tmp_path / "b.tar", "--workspace", ingested).exit_code == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    full = ("--workspace", tmp_path / "full", "--as-it-was")
    done = ask("restore", tmp_path / "b.tar", *full)
    assert done.exit_code == 2
    assert "mine.txt" in done.stderr
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_who_was_erased_since_must_be_known(ask, ingested, tmp_path):
    copy, back = tmp_path / "b.tar", tmp_path / "back"
    assert ask("backup", copy, "--workspace", ingested).exit_code == 0
    done = ask("restore", copy, "--workspace", back)
    assert done.exit_code == 2
    assert "come back" in done.stderr
    assert "--suppressed" in done.stderr
    assert not back.exists()
    done = ask("restore", copy, "--workspace", back, "--as-it-was")
    assert done.exit_code == 0
    assert "erase them again" in done.stderr
    (tmp_path / "other").mkdir()
    pepper = (ingested / "secrets" / "pepper").read_bytes()
    gone = Suppression(pepper).digest("somebody")
    add_suppressed(tmp_path / "other" / "suppressed.txt", pepper, [gone])
    done = ask("restore", copy, "--workspace", tmp_path / "other")
    assert done.exit_code == 0, done.stderr
    assert "erase them again" not in done.stderr
