"""What was read once is known for good."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.vector_store import VECTORS_FILE, VectorStore, digest


@given(st.lists(st.binary(max_size=5), unique=True, max_size=12), st.integers(1, 4))
def test_a_store_remembers_over_the_night(tmp_path_factory, contents, parts):
    folder = tmp_path_factory.mktemp("store")
    store = VectorStore(folder, 2)
    vectors = np.arange(2 * len(contents), dtype=np.float32).reshape(-1, 2)
    keys = [digest(each) for each in contents]
    for part in range(parts):
        if keys[part::parts]:
            store.add(keys[part::parts], vectors[part::parts])
    for each in (store, VectorStore(folder, 2)):
        assert len(each) == len(keys)
        assert all(key in each for key in keys)
        assert np.array_equal(each.of(keys), vectors)
        assert each.of([digest(b"something else")]).tolist() == [[0, 0]]
    assert digest(b"something else") not in store


def test_several_keep_at_once_and_what_is_forgotten_leaves_no_byte(tmp_path):
    def keep(start):
        keys = [digest(b"%d" % at) for at in range(start, 700, 2)]
        VectorStore(tmp_path, 3).add(keys, np.full((len(keys), 3), start, np.float32))

    both = [threading.Thread(target=keep, args=(start,)) for start in (0, 1)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    store = VectorStore(tmp_path, 3)
    everything = [digest(b"%d" % at) for at in range(700)]
    assert store.known([*everything, digest(b"other")]) == set(everything)
    assert store.of(everything)[:, 0].tolist() == [0, 1] * 350
    assert store.forget([*everything[:2], digest(b"other")]) == 2
    assert store.known(everything) == set(everything[2:])
    (file,) = tmp_path.iterdir()
    assert file.name == VECTORS_FILE
    assert not any(key in file.read_bytes() for key in everything[:2])
