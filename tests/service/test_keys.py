"""Keys are known again by their keyed hash alone, and rates are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadConfig
from limner.profiles.database.store import DatabaseStore
from limner.service.guard import Rates
from limner.service.keys import Keyring, read_pepper

PEPPER = bytes(range(32))


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def test_a_key_is_known_and_its_secret_is_nowhere(store, tmp_path):
    ring = Keyring(store, PEPPER)
    made = ring.make("site", ["ingest"])
    assert ring.who(made.secret).name == "site"
    secret = made.secret.split("_", 2)[2].encode()
    store.close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secret not in held


def test_another_pepper_another_secret_and_nonsense_are_nobody(store):
    made = Keyring(store, PEPPER).make("site", ["ingest"])
    assert Keyring(store, b"x" * 32).who(made.secret) is None
    ring = Keyring(store, PEPPER)
    for odd in (made.secret + "a", made.secret[:-1], "lk_x", "", "lk__", "\udcff", "lk_é_é"):
        assert ring.who(odd) is None


def test_a_revoked_key_is_refused_once_its_time_is_over(store):
    now = [0.0]
    ring = Keyring(store, PEPPER, clock=lambda: now[0])
    made = ring.make("site", ["ingest"])
    assert ring.who(made.secret)
    store.revoke_key(made.key.id, at_us=1)
    now[0] = 3.0
    assert ring.who(made.secret) is None


def test_a_key_must_be_for_something_known(store):
    for scopes, purposes in (([], []), (["all"], []), (["ingest"], ["fun"])):
        with pytest.raises(BadConfig):
            Keyring(store, PEPPER).make("x", scopes, purposes=purposes)


def test_the_pepper_is_made_once_and_is_its_owners(tmp_path):
    path = tmp_path / "secrets" / "pepper"
    first = read_pepper(path)
    assert read_pepper(path) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"short")
    with pytest.raises(BadConfig, match="16 secret bytes"):
        read_pepper(path)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_more_pass_than_the_rate_allows(gaps):
    now, passed = [0.0], 0
    rates = Rates(2.0, 5, clock=lambda: now[0])
    for gap in gaps:
        now[0] += gap
        passed += rates.take("k") == 0.0
    assert passed <= 5 + 2.0 * now[0] + 1e-6


def test_each_key_has_its_own_bucket():
    rates = Rates(1.0, 1, clock=lambda: 0.0)
    assert rates.take("a") == 0.0
    assert rates.take("a") == pytest.approx(1.0)
    assert rates.take("b") == 0.0
