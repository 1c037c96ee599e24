"""Errors over HTTP: problem details (RFC 9457), each with a code that stays."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from limner.errors import (
    BadConfig,
    BadShape,
    BadStore,
    DiskFull,
    LimnerError,
    NotFitted,
    Overtaken,
    ReadOnly,
    UnknownCustomer,
)
from limner.service.writer import Busy

__all__ = ["MEDIA_TYPE", "Problem", "ProblemDetails", "problem_response", "say_problems"]

MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[LimnerError], int, str], ...] = (
    (UnknownCustomer, 404, "unknown_customer"),
    # 503, since clients heed Retry-After there and not with 507
    (DiskFull, 503, "disk_full"),
    (ReadOnly, 503, "store_read_only"),
    (BadStore, 503, "store_unavailable"),
    (NotFitted, 409, "not_fitted"),
    (Overtaken, 409, "overtaken"),
    (BadConfig, 400, "bad_request"),
    (BadShape, 400, "bad_request"),
)


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which problem it is, as an address below this service.")
    title: str = Field(description="The problem in general, in few words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="The problem in one word that stays the same.")
    detail: str = Field(description="What was expected, and what came.")
    hint: str = Field(default="", description="What to do next.")


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.hint, self.headers = hint, dict(headers or {})
        super().__init__(detail)


def problem_response(problem: Problem) -> Response:
    """Return a problem as it goes over the wire."""
    plain = {
        "type": f"/problems/{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.hint:
        plain["hint"] = problem.hint
    return Response(
        orjson.dumps(plain), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def say_problems(app: FastAPI) -> None:
    """Let an application answer every error with a problem."""

    @app.exception_handler(Problem)
    async def _ours(_: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(LimnerError)
    async def _limner(_: Request, error: LimnerError) -> Response:
        for kind, status, code in _STATUS:
            if isinstance(error, kind):
                headers = {"Retry-After": "5"} if status == 503 else {}
                found = Problem(status, code, error.message, hint=error.hint, headers=headers)
                return problem_response(found)
        return problem_response(Problem(500, "internal", "something went wrong here"))

    @app.exception_handler(Busy)
    async def _busy(_: Request, error: Busy) -> Response:
        headers = {"Retry-After": "1"}
        return problem_response(
            Problem(503, "busy", str(error), hint="send it again in a second", headers=headers)
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem_response(Problem(422, "invalid", f"{place}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        detail = f"{request.method} {request.scope['path']}: {error.detail}"
        return problem_response(Problem(error.status_code, code, detail, headers=error.headers))

    @app.exception_handler(Exception)
    async def _unforeseen(_: Request, __: Exception) -> Response:
        return problem_response(Problem(500, "internal", "something went wrong here"))
