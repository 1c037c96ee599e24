"""One server for the tests of a file; each uses customers of its own."""

import pytest

from serving import a_server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("served")) as found:
        yield found
