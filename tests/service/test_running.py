"""An address is had, or refused in words; what is under way when it stops is written."""

import pytest

from limner.errors import BadConfig
from limner.profiles.database.store import DatabaseStore
from limner.service.parts import Parts
from limner.service.running import listen
from serving import a_server, bought


def test_an_address_that_is_taken_or_is_none_is_refused():
    with listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(BadConfig, match=f"port {port} cannot be listened at"):
            listen("127.0.0.1", port)
    with pytest.raises(BadConfig, match="cannot be listened at"):
        listen("no.such.host.invalid", 0)


def test_stopping_lets_go_of_the_store_and_loses_nothing(tmp_path):
    with a_server(tmp_path) as served:
        assert isinstance(served.app.state.parts, Parts)
        assert served.send(bought()).json()["accepted"] == 1
    with DatabaseStore(tmp_path / "profiles.db") as store:
        assert store.totals()["events"] == 1
