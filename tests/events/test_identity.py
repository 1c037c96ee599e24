"""A source is known by its content; its name tells no password."""

import polars as pl
import pytest

from limner.events.identity import Fingerprint, digest_of_files, name_of, size_of


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("sql+postgresql://ann:secret@host/db?table=t", "sql+postgresql://host/db?table=t"),
        ("orders.csv", "orders.csv"),
        (pl.DataFrame(), "polars DataFrame"),
    ],
)
def test_a_source_has_a_name_without_a_password(source, name):
    assert name_of(source) == name


def test_the_digest_is_of_the_content_not_of_names_or_order(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("bb")
    assert digest_of_files([one, two]) == digest_of_files([two, one])
    assert digest_of_files([one]).startswith("1:")
    assert size_of([one, two]) == 3
    before = digest_of_files([one])
    one.write_text("c")
    assert digest_of_files([one]) != before


def test_frames_have_a_digest_too():
    def of(*frames):
        mark = Fingerprint()
        for frame in frames:
            mark.add(frame)
        return mark.result()

    frame = pl.DataFrame({"x": [1, 2]})
    assert of(frame, None) == of(pl.concat([frame.head(1), frame.tail(1)]))
    assert of(frame) != of(pl.DataFrame({"x": [2, 1]}))
