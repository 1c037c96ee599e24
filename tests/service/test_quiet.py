"""The logs say where something went wrong, and not whom it was about."""

import logging

from limner.service.quiet import hush_errors, place_of


def fail():
    raise ValueError("secret of ann")


def test_a_place_has_no_words():
    try:
        fail()
    except ValueError as error:
        told = place_of(error)
    assert told.startswith("ValueError at ")
    assert "test_quiet.py:" in told
    assert "secret" not in told
    assert place_of(KeyError("secret")) == "KeyError at nowhere"


def test_the_servers_log_has_none_either(caplog):
    hush_errors()
    hush_errors()
    log = logging.getLogger("uvicorn.error")
    assert len([each for each in log.filters if type(each).__name__ == "_OnlyPlaces"]) == 1
    try:
        fail()
    except ValueError:
        log.exception("Exception in ASGI application %s", "x")
    assert "secret" not in caplog.text
    assert "ValueError at" in caplog.text
