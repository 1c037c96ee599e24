"""Every error of ours is told as a problem, and nothing of the inside is."""

import httpx
import pytest
from fastapi import FastAPI

from limner.errors import (
    BadStore,
    DiskFull,
    LimnerError,
    NotFitted,
    ReadOnly,
    TooFew,
    UnknownCustomer,
)
from limner.service.answers import answer, problems
from limner.service.problems import MEDIA_TYPE, Problem, ProblemDetails, say_problems
from limner.service.writer import Busy


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnknownCustomer("nobody", hint="look"), 404, "unknown_customer"),
        (BadStore("gone"), 503, "store_unavailable"),
        (DiskFull("full"), 503, "disk_full"),
        (ReadOnly("only"), 503, "store_read_only"),
        (NotFitted("not yet"), 409, "not_fitted"),
        (TooFew("secret inside"), 500, "internal"),
        (LimnerError("secret inside"), 500, "internal"),
        (Busy("wait"), 503, "busy"),
        (Problem(418, "teapot", "short and stout", hint="tip it over"), 418, "teapot"),
        (ValueError("secret inside"), 500, "internal"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else None,
)
async def test_an_error_is_a_problem(error, status, code):
    app = FastAPI()
    say_problems(app)

    @app.get("/")
    async def fail():
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        told = await client.get("/")
    assert told.status_code == status
    assert told.headers["content-type"] == MEDIA_TYPE
    plain = ProblemDetails.model_validate(told.json())
    assert plain.code == code
    assert "secret" not in told.text
    if status == 503:
        assert int(told.headers["retry-after"]) > 0


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_a_route_says_which_problems_it_may_answer_with():
    told = problems(404, 429)
    assert set(told) == {404, 429}
    assert "code" in told[404]["content"][MEDIA_TYPE]["schema"]["properties"]
    assert answer({"a": "é"}).body == '{"a":"é"}'.encode()
