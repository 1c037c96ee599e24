"""Whether a customer's profile may be told for a purpose, and that it was."""

import time
from collections.abc import Sequence

from fastapi import Request

from limner.profiles.database.audit import Entry
from limner.service.keys import Principal
from limner.service.problems import Problem

__all__ = ["demand_consent", "demand_granted", "record_reading", "split_by_consent"]


def split_by_consent(
    request: Request, who: Principal, customers: Sequence[str], purpose: str
) -> tuple[list[str], list[str]]:
    """Return of which customers it may be told for a purpose, and of which not.

    Whoever forbade it is not told of. Where ``[serve] consent_for`` names the purpose, neither is
    whoever did not allow it.
    """
    parts = request.app.state.parts
    said = parts.eraser.book.consents(customers)
    unasked = purpose not in parts.config.consent_for
    told = [each for each in customers if said.get(each, {}).get(purpose, unasked)]
    may = set(told)
    denied = [each for each in customers if each not in may]
    _record(request, who, denied, "profile.denied", purpose)
    return told, denied


def demand_consent(request: Request, who: Principal, customer_id: str, purpose: str) -> None:
    """Refuse to tell of a customer for a purpose that they do not allow. Raises Problem (403)."""
    said = request.app.state.parts.eraser.book.consents([customer_id])
    granted = said.get(customer_id, {}).get(purpose)
    demand_granted(request, who, customer_id, purpose, granted=granted)


def demand_granted(
    request: Request, who: Principal, customer_id: str, purpose: str, *, granted: bool | None
) -> None:
    """Refuse to tell of a customer who said so, none being that nothing was said.

    Raises Problem (403).
    """
    unasked = purpose not in request.app.state.parts.config.consent_for
    if unasked if granted is None else granted:
        return
    _record(request, who, [customer_id], "profile.denied", purpose)
    raise Problem(
        403,
        "consent_denied",
        f"this customer's profile may not be told for {purpose!r}",
        hint="PUT /v1/privacy/subjects/{id}/consents once they allow it",
    )


def record_reading(
    request: Request, who: Principal, customers: Sequence[str], purpose: str
) -> None:
    """Take down in the audit log that profiles were read, by whom and for what."""
    _record(request, who, customers, "profile.read", purpose)


def _record(
    request: Request, who: Principal, customers: Sequence[str], action: str, purpose: str
) -> None:
    if customers:
        now = time.time_ns() // 1000
        detail = f"{purpose} {request.scope['route'].path_format}"
        request.app.state.recorder.tell(
            Entry(now, who.key_id, action, each, detail) for each in customers
        )
