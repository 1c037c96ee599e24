"""What was read once is known for good."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.vector_store import VectorStore, digest


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
