"""A restore leaves what is there alone."""


def test_a_folder_that_holds_something_is_left_alone(ask, ingested, tmp_path):
    assert ask("backup", tmp_path / "b.tar", "--workspace", ingested).exit_code == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    done = ask("restore", tmp_path / "b.tar", "--workspace", tmp_path / "full")
    assert done.exit_code == 2
    assert "mine.txt" in done.stderr
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
