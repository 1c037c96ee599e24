"""What is kept ready is made once, anew when its mark changes or it is old, and by one at a time."""

import threading

import pytest

from limner.errors import BadStore
from limner.service import neighbours
from limner.service.neighbours import Neighbours
from serving import a_server


def test_it_is_made_once_and_anew_where_the_mark_changed_or_it_is_old():
    ready, made = neighbours._Ready(), []

    def make():
        made.append(1)
        return len(made)

    assert [ready.get("a", make, most_s=60) for _ in range(3)] == [1, 1, 1]
    assert ready.get("b", make, most_s=60) == 2
    assert ready.get("b", make, most_s=-1) == 3


def test_two_who_ask_at_once_wait_for_one_another():
    ready, made, gate = neighbours._Ready(), [], threading.Event()

    def make():
        gate.wait()
        made.append(1)
        return 7

    found = []
    others = [
        threading.Thread(target=lambda: found.append(ready.get(0, make, most_s=60)))
        for _ in range(4)
    ]
    for each in others:
        each.start()
    gate.set()
    for each in others:
        each.join()
    assert (found, made) == ([7] * 4, [1])


def test_a_file_that_goes_meanwhile_is_said(tmp_path):
    with a_server(tmp_path) as served:
        found = Neighbours(served.app.state.parts)
        assert found.blocks() == []
        object.__setattr__(found.parts, "blocks", tmp_path / "gone.parquet")
        assert found.blocks() == []
        with pytest.raises(BadStore, match="is gone"):
            found.block("sequence")
        assert found.looks() == {}
        assert not found.baskets().knows("tea")
        assert found.by_traits("nobody") is None
