"""One holds a lease, another gets it when it has run out or was given back."""

from limner.profiles.database.leases import Leases


def test_one_at_a_time(store):
    now = [1_000_000]
    leases = Leases(store.engine, clock=lambda: now[0])
    assert leases.holder("x") is None
    assert leases.take("x", "a", seconds=5)
    assert not leases.take("x", "b", seconds=5)
    now[0] += 4_000_000
    assert leases.take("x", "a", seconds=5)
    now[0] += 4_999_999
    assert leases.holder("x") == "a"
    assert not leases.take("x", "b", seconds=5)
    now[0] += 1
    assert leases.take("x", "b", seconds=5)
    assert not leases.take("x", "a", seconds=5)
    leases.give_back("x", "a")
    assert leases.holder("x") == "b"
    leases.give_back("x", "b")
    assert leases.take("x", "a", seconds=5)
    assert leases.take("y", "b", seconds=5)
