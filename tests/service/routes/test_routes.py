"""What every group of addresses promises: each address says who may ask, and is told of."""

import pytest
from fastapi import APIRouter

import limner.service.routes
from limner import plugins
from limner.service.guard import scope_of
from limner.service.keys import SCOPES


@pytest.mark.parametrize("name", plugins.names(limner.service.routes))
def test_an_address_says_who_may_ask_and_what_it_does(name):
    router = plugins.load(limner.service.routes, name)
    assert isinstance(router, APIRouter)
    for route in router.routes:
        assert scope_of(route.openapi_extra or {}) in {*SCOPES, "public"}, route.path
        assert route.summary or route.description, route.path
