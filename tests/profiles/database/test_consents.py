"""What customers said is kept by purpose, the newest word, and forgotten with them."""

from limner.profiles.database.consents import consents_of, forget_consents, tell_consents


def test_the_newest_word_counts(store):
    with store.engine.begin() as connection:
        tell_consents(connection, "ann", {"risk": True, "marketing": True})
        tell_consents(connection, "ann", {"marketing": False})
        assert consents_of(connection, ["ann"]) == {"ann": {"risk": True, "marketing": False}}
        tell_consents(connection, "ann", {"marketing": None})
        assert consents_of(connection, ["ann", "ben"]) == {"ann": {"risk": True}}
        assert forget_consents(connection, "ann") == 1
        assert consents_of(connection, ["ann"]) == {}
