"""Who and what is alike, and the vectors behind it."""

from itertools import islice
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.apps.similar import by_angle
from limner.service.answers import Json, answer, problems
from limner.service.disclosure import demand_granted, record_reading
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.neighbours import Near, Neighbours
from limner.service.paths import CustomerId
from limner.service.problems import Problem
from limner.service.segmenting import aside

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["similar"])
_PROBLEMS = problems(400, 401, 403, 404, 409, 422, 429, 503)
ItemId = Annotated[str, Path(min_length=1, max_length=512)]
Many = Annotated[int, Query(ge=1, le=100)]
By = Annotated[str | None, Query(pattern="^[a-z_]{1,32}$")]
_READ = guarded("profile:read") | {"parameters": [PURPOSE]}
_AT_ONCE = 200
_TRAITS, _TOGETHER = "traits", "bought_with"
_NO_VECTORS = "limner embed --out blocks.parquet, in the workspace"


class Alike(BaseModel):
    """Another, and how near: a cosine, or of traits 1 / (1 + distance)."""

    customer_id: str
    score: float


class SimilarCustomers(BaseModel):
    """Who is most like a customer, of those of whom it may be told.

    ``by`` names the block of vectors, or ``traits``; ``degraded`` holds ``vectors`` where traits
    had to do.
    """

    customer_id: str
    by: str
    version: str | None
    as_of: str
    similar: list[Alike]
    degraded: list[str]


class SimilarItems(BaseModel):
    """What is most like an item.

    ``by`` is ``text`` or ``image`` where a model read the items (``limner items``), or
    ``bought_with``: what at least two customers bought in one order with it.
    """

    item_id: str
    by: str
    version: str | None
    similar: list[dict[str, Any]]
    degraded: list[str]


class Embedding(BaseModel):
    """A customer's vector in one block. Vectors of one version can be compared."""

    customer_id: str
    block: str
    version: str
    as_of: str
    dim: int
    vector: list[float]
    blocks: list[str] = Field(description="Which blocks there are, the best first.")


@router.get("/profiles/{customer_id:id}/similar", response_model=SimilarCustomers,
            responses=_PROBLEMS, openapi_extra=_READ)  # fmt: skip
async def similar_customers(
    request: Request,
    customer_id: CustomerId,
    who: Annotated[Principal, Depends(Guard("profile:read"))],
    n: Many = 10,
    by: By = None,
) -> Response:
    """Return who is most like a customer: by vectors where there are some, else by traits."""
    purpose = purpose_of(request, who)
    state = request.app.state
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    near, degraded = await aside(request, _near, state.neighbours, customer_id, by)
    found = await run_in_threadpool(_allowed, request, near, purpose, n)
    record_reading(request, who, [customer_id, *(name for name, _ in found)], purpose)
    return answer(
        {
            "customer_id": customer_id,
            "by": near.by,
            "version": near.version,
            "as_of": near.as_of or state.parts.clock().isoformat(),
            "similar": [{"customer_id": name, "score": score} for name, score in found],
            "degraded": [*state.teller.degraded(), *degraded],
        }
    )


@router.get("/profiles/{customer_id:id}/embedding", response_model=Embedding, responses=_PROBLEMS,
            openapi_extra=guarded("profile:embedding") | {"parameters": [PURPOSE]})  # fmt: skip
async def embedding(
    request: Request,
    customer_id: CustomerId,
    who: Annotated[Principal, Depends(Guard("profile:embedding"))],
    block: By = None,
) -> Response:
    """Return a customer's vector in a block that ``limner embed`` wrote; by default the best."""
    purpose = purpose_of(request, who)
    state = request.app.state
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    known = await run_in_threadpool(state.neighbours.blocks)
    name = _block_of(known, block)
    found = await aside(request, state.neighbours.block, name)
    vector = found.of(customer_id)
    if vector is None:
        raise Problem(
            404,
            "no_vector",
            f"this customer has no vector in the block {name!r}",
            hint=f"they came since, or lack what it is made of: {_NO_VECTORS}",
        )
    record_reading(request, who, [customer_id], purpose)
    return answer(
        {
            "customer_id": customer_id,
            "block": name,
            "version": found.version,
            "as_of": found.as_of,
            "dim": len(vector),
            "vector": [float(each) for each in vector],
            "blocks": list(known),
        }
    )


@router.get("/items/{item_id:id}/similar", response_model=SimilarItems, responses=_PROBLEMS,
            openapi_extra=guarded("reco"))  # fmt: skip
async def similar_items(
    request: Request,
    item_id: ItemId,
    _: Annotated[Principal, Depends(Guard("reco"))],
    n: Many = 10,
    by: By = None,
) -> Response:
    """Return what is most like an item: by its words or picture, else by what is bought with it."""
    neighbours = request.app.state.neighbours
    told = await aside(request, _like_item, neighbours, item_id, by, n)
    ids = [each["item_id"] for each in told["similar"]]
    store = request.app.state.parts.store
    rows = await run_in_threadpool(store.catalogue, ids)
    log = request.app.state.parts.painter.log
    titles: dict[str, str | None] = {}
    if log is not None and ids:
        catalogue = await run_in_threadpool(log.catalogue)
        named = catalogue.filter(catalogue["item_id"].is_in(ids))
        titles |= dict(zip(named["item_id"], named["title"], strict=True))
    titles |= dict(zip(rows["item_id"], rows["title"], strict=True))
    for each in told["similar"]:
        each["title"] = titles.get(each["item_id"]) or each["item_id"]
    return answer(told)


def _near(neighbours: Neighbours, customer_id: str, by: str | None) -> tuple[Near, list[str]]:
    """Return who is near by what was asked for, and what is done without. Raises Problem."""
    known = neighbours.blocks()
    wanted = known if by is None else ([] if by == _TRAITS else [_block_of(known, by)])
    for name in wanted:
        found = neighbours.by_block(customer_id, name)
        if found is not None:
            return found, []
        if by is not None:
            raise Problem(404, "no_vector", f"this customer has no vector in the block {by!r}")
    by_traits = neighbours.by_traits(customer_id)
    if by_traits is None:
        raise Problem(
            409,
            "not_drawn",
            "there is no portrait of this customer to compare yet",
            hint="GET /v1/profiles/{id}?fresh=true draws it; it is compared within a while",
        )
    return by_traits, [] if by == _TRAITS else ["vectors"]


def _block_of(known: Any, wanted: str | None) -> str:  # noqa: ANN401 - names
    """Return which block is meant. Raises Problem (409, 404)."""
    if not known:
        raise Problem(
            409, "no_vectors", "this workspace has no vectors of customers", hint=_NO_VECTORS
        )
    if wanted is not None and wanted not in known:
        raise Problem(
            404, "unknown_block", f"there is no block {wanted!r}", hint=f"known: {', '.join(known)}"
        )
    return wanted or str(known[0])


def _allowed(request: Request, near: Near, purpose: str, n: int) -> list[tuple[str, float]]:
    """Return the nearest who are still there and of whom it may be told."""
    parts = request.app.state.parts
    unasked = purpose not in parts.config.consent_for
    found: list[tuple[str, float]] = []
    rest = iter(near.others)
    while len(found) < n and (some := list(islice(rest, _AT_ONCE))):
        names = [name for name, _ in some]
        there = parts.store.numbers_of(names)
        said = parts.eraser.book.consents(names)
        found += [
            (name, score)
            for name, score in some
            if name in there and said.get(name, {}).get(purpose, unasked)
        ]
    return found[:n]


def _like_item(neighbours: Neighbours, item_id: str, by: str | None, n: int) -> Json:
    """Return what is like an item by what was asked for, or by the first that knows it."""
    looks = neighbours.looks()
    if by not in {None, _TOGETHER, *looks}:
        raise Problem(
            404,
            "unknown_look",
            f"items cannot be compared by {by!r}",
            hint=f"known: {', '.join([*looks, _TOGETHER])}; limner items reads words and pictures",
        )
    told: Json = {"item_id": item_id, "degraded": []}
    for name in ("text", "image"):
        if name not in looks or by not in {None, name}:
            continue
        at = np.flatnonzero(looks[name].ids == item_id)
        if len(at):
            order, near = by_angle(looks[name].vectors, int(at[0]))
            best = zip(order[:n], near[:n], strict=True)
            ids = looks[name].ids
            rows = [{"item_id": str(ids[item]), "score": float(score)} for item, score in best]
            return told | {"by": name, "version": looks[name].version, "similar": rows}
    baskets = neighbours.baskets()
    if by not in {None, _TOGETHER} or not baskets.knows(item_id):
        raise Problem(
            404,
            "unknown_item",
            f"nothing is known of the item {item_id!r} by {by or 'words, pictures or orders'}",
            hint="POST /v1/items tells of items; limner items reads their words and pictures",
        )
    rows = [
        {"item_id": each.item_id, "score": each.score, "orders": each.orders}
        for each in baskets.bought_with(item_id, most=n)
    ]
    told["degraded"] = [] if by == _TOGETHER else ["vectors"]
    return told | {"by": _TOGETHER, "version": None, "similar": rows}
