"""The manifest comes back as it was written, and its fingerprint is of the content."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.events.log import EventLog
from limner.events.manifest import Manifest, SideFile, read_manifest
from log_tools import some_rows, take


@pytest.fixture
def manifest(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    take(log, [some_rows(30)], [some_rows(40)])
    return log.manifest


def test_it_comes_back_as_it_was_written(manifest, tmp_path):
    path = tmp_path / "copy.json"
    path.write_text(manifest.to_json())
    assert read_manifest(path) == manifest


def test_the_fingerprint_is_of_the_content_alone(manifest):
    other = replace(manifest, generation=9, sources=(), rejects=(), flags=None)
    assert other.fingerprint == manifest.fingerprint
    changed = replace(manifest, catalogue=SideFile("c", 1, "digest"))
    assert changed.fingerprint != manifest.fingerprint
    fewer = replace(manifest, files=manifest.files[:1])
    assert fewer.fingerprint != manifest.fingerprint


def test_a_new_state_is_the_next_generation(manifest):
    after = manifest.with_changes(flagged={"x": 1})
    assert (after.generation, after.flagged) == (manifest.generation + 1, {"x": 1})


def test_it_names_every_file_of_the_log(manifest):
    names = manifest.names()
    assert sum(name.startswith("buckets/") for name in names) == 2
    assert sum(name.startswith("rejects/") for name in names) == 1


def test_totals_are_added_up(manifest):
    assert manifest.rows == 40
    assert manifest.last == datetime(2025, 1, 1, 0, 39, tzinfo=UTC)
    assert Manifest(buckets=1).rows == 0
