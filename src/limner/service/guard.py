"""Who may pass: keys, scopes, purposes and rates, before anything else is done."""

import base64
import binascii
import math
import time
from collections.abc import Callable
from typing import Any, final

from fastapi import Request

from limner.service.keys import PURPOSES, Keyring, Principal
from limner.service.problems import Problem

__all__ = [
    "PURPOSE",
    "Guard",
    "Rates",
    "admit",
    "guarded",
    "purpose_of",
    "scope_of",
    "secret_of",
    "still_admitted",
]

PURPOSE: dict[str, Any] = {
    "name": "X-Purpose",
    "in": "header",
    "required": True,
    "schema": {"enum": list(PURPOSES)},
    "description": "For what it is read.",
}
"""What a route that tells of customers says of the header in the OpenAPI document."""

_GA4 = "/v1/ga4/collect"
_MARK = "x-limner-scope"
"""Under this name a route's scope stands in the OpenAPI document."""


@final
class Rates:
    """A bucket of tokens a key: so many requests a second on average, so many at once."""

    def __init__(
        self,
        per_second: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_second, self.burst, self._clock = per_second, float(burst), clock
        self._held: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> float:
        """Take a token; return 0, or after how many seconds there will be one."""
        now = self._clock()
        held, since = self._held.get(who, (self.burst, now))
        held = min(self.burst, held + (now - since) * self.per_second)
        if held < 1:
            self._held[who] = (held, now)
            return (1 - held) / self.per_second
        self._held[who] = (held - 1, now)
        return 0.0


def guarded(scope: str) -> dict[str, Any]:
    """Return what a route says of its scope in the OpenAPI document."""
    return {
        _MARK: scope,
        "security": [{"bearer": []}, {"apiKey": []}, {"basic": []}],
    }


def scope_of(operation: dict[str, Any]) -> str | None:
    """Return the scope that an operation of the OpenAPI document declares."""
    return operation.get(_MARK)


@final
class Guard:
    """Lets in whoever has a key for a scope; used as a dependency of a route."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Principal:
        """Return who asks, or refuse with a problem."""
        state = request.app.state
        return admit(request, self.scope, state.keyring, state.rates)


def admit(
    request: Request, scope: str, keyring: Keyring, rates: Rates, *, secret: str = ""
) -> Principal:
    """Return who asks.

    Parameters
    ----------
    request
        What is asked; its key may stand in several places.
    scope
        For what the key must be.
    keyring, rates
        Who knows keys, and how often each may ask.
    secret
        The key, where it was found elsewhere: in a body.

    Raises
    ------
    Problem
        401 without a key that is known, 403 with one that is not for this or of another tenant,
        429 where it asks too often.
    """
    secret = secret or secret_of(request)
    who = keyring.who(secret) if secret else None
    if who is None:
        raise Problem(
            401,
            "no_key" if not secret else "unknown_key",
            "this needs a key that holds" if secret else "this needs a key",
            hint="limner keys create --name app --scope " + scope,
            headers={"WWW-Authenticate": 'Bearer realm="limner"'},
        )
    wait = rates.take(who.key_id)
    if wait:
        raise Problem(
            429,
            "too_many_requests",
            f"the key {who.name!r} asks more often than it may",
            hint="come again after Retry-After seconds",
            headers={"Retry-After": str(max(1, math.ceil(wait)))},
        )
    if who.tenant != keyring.tenant:
        raise Problem(
            403,
            "other_tenant",
            f"the key {who.name!r} is of the tenant {who.tenant!r}, and this is {keyring.tenant!r}",
            hint="ask below /tenants/NAME, or make a key in this workspace: limner keys create",
        )
    if scope not in who.scopes:
        raise Problem(
            403,
            "out_of_scope",
            f"the key {who.name!r} is not for {scope}",
            hint=f"limner keys create --name app --scope {scope}",
        )
    return who


def still_admitted(request: Request, scope: str, purpose: str, keyring: Keyring) -> None:
    """Look again at the key of a request that is still being answered. Raises Problem (401, 403).

    Other than :func:`admit` it takes no token of the key's rate.
    """
    who = keyring.who(secret_of(request))
    if who is None:
        raise Problem(401, "unknown_key", "the key holds no longer")
    if scope not in who.scopes or (who.purposes and purpose not in who.purposes):
        raise Problem(403, "out_of_scope", f"the key {who.name!r} is for this no longer")


def purpose_of(request: Request, who: Principal) -> str:
    """Return for what a profile is read. Raises Problem where that is not said or not allowed."""
    purpose = request.headers.get("x-purpose", "")
    if purpose not in PURPOSES:
        raise Problem(
            400,
            "purpose_missing",
            f"the header X-Purpose must be one of {', '.join(PURPOSES)}, got {purpose!r}",
            hint="say for what the profile is read",
        )
    if who.purposes and purpose not in who.purposes:
        raise Problem(403, "purpose_denied", f"the key {who.name!r} may not read for {purpose!r}")
    return purpose


def secret_of(request: Request) -> str:
    """Return the key that a request carries, apart from its body.

    As a bearer, in X-API-Key, as Basic's user, as GA4's ``api_secret``, or in the address, where
    that has a place for it.
    """
    given = request.headers.get("x-api-key")
    if given:
        return given
    if request.scope["path"] == _GA4:
        told = request.query_params.get("api_secret")
        if told:
            return told
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return told.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(told, validate=True).decode("utf-8").partition(":")[0]
        except (binascii.Error, ValueError):
            return ""
    return str(request.path_params.get("write_key", ""))
