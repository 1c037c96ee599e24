"""Files to be imported, and how far that is."""

import hashlib
import re
import secrets
import time
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.errors import LimnerError
from limner.events.mapping import Mapping
from limner.profiles.database.audit import Entry
from limner.profiles.database.jobs import Job, Progress
from limner.profiles.database.writing import moment_of
from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.guard import Guard, guarded
from limner.service.keys import Principal
from limner.service.problems import Problem
from limner.service.receiving import SENT, SUFFIXES, named_file, receive_file, tidy_name

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["jobs"])
_MAY = guarded("admin")
_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507)
Admin = Annotated[Principal, Depends(Guard("admin"))]
JobId = Annotated[str, Path(pattern="^i[0-9a-f]{1,32}$")]
_NAMED: Json = {
    "type": "object",
    "required": ["path"],
    "properties": {
        "path": {"type": "string", "minLength": 1, "maxLength": 1024},
        "mapping": {"type": "object", "description": "As `limner doctor` writes it."},
    },
}
_BYTES: Json = {"type": "string", "format": "binary"}
_SENDING = _MAY | {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "maxLength": 255},
            "description": "The same key and file asked for again are the same job.",
        }
    ],
    "requestBody": {
        "required": True,
        "description": "The file itself, or as JSON the path of one below the allowed folder.",
        "content": {
            "application/json": {"schema": _NAMED},
            **{kind: {"schema": _BYTES} for kind in SUFFIXES},
        },
    },
}


class JobState(BaseModel):
    """A job, and how far it is; ``rows`` is the sum of what became of them."""

    id: str
    kind: Literal["import"]
    state: Literal["waiting", "running", "cancelling", "cancelled", "done", "failed"]
    source: str = Field(description="What the file is called.")
    created_at: str
    changed_at: str
    share: float = Field(description="How much of the file was read, in [0, 1].")
    rows: int = Field(description="Rows that were read.")
    accepted: int
    duplicates: int
    refused: int = Field(description="Each is kept with its reason: GET /v1/ingest/rejects.")
    erased: int = Field(description="Of people who were erased and stay out.")
    trouble: str = Field(description="Why it failed; empty where it did not.")


class JobList(BaseModel):
    """A page of jobs, the newest first; ``cursor`` fetches the next, null at the end."""

    jobs: list[JobState]
    cursor: str | None


@router.post(
    "/imports",
    status_code=202,
    response_model=JobState,
    responses=_PROBLEMS,
    openapi_extra=_SENDING,
)
async def begin_import(
    request: Request,
    who: Admin,
    name: Annotated[str, Query(max_length=255, description="What the file is called.")] = "",
    mapping: Annotated[
        str, Query(max_length=16_000, description="Which column is which, as JSON.")
    ] = "",
) -> Response:
    """Take a file of events (CSV, JSON lines, Parquet), and read it beside.

    It is durable when this is answered; how far it is says ``GET /v1/imports/{id}``. Without a
    mapping it is found out which column is which, as ``limner doctor`` does it; one that is wrong
    makes a job that has failed, with the reason.
    """
    state = request.app.state
    workspace = state.parts.eraser.folder
    number = f"i{secrets.token_hex(12)}"
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    told, trouble = _parsed(mapping)
    if media == "application/json":
        body = await read_json(request, state.parts.config)
        if not isinstance(body, dict) or not isinstance(body.get("path"), str):
            raise Problem(400, "bad_body", 'the body must be {"path": "…"}')
        told, trouble = _checked(body["mapping"]) if "mapping" in body else (told, trouble)
        path = named_file(body["path"], workspace, state.parts.config)
        digest = hashlib.sha256(b"path:" + str(path).encode("utf-8", "replace")).hexdigest()
        source, own = path.name, False
    else:
        if workspace is None:
            raise Problem(403, "no_workspace", "there is no workspace here to keep a file in")
        source, own = tidy_name(name, media), True
        suffix = re.sub(r"^[^.]*", "", source.lower()) or ".csv"
        path = workspace / SENT / f"{number}{suffix}"
        digest = await receive_file(request, path, state.parts.config)
    try:
        digest = hashlib.sha256(digest.encode() + orjson.dumps(told)).hexdigest()
        job = Job(
            id=number,
            kind="import",
            source=source,
            path=path.name if own else str(path),
            own_file=own,
            actor=who.key_id,
            digest=digest,
            created_us=time.time_ns() // 1000,
            asked=_asked(request, who),
            state="failed" if trouble else "waiting",
            trouble=trouble,
            settings={"rows": state.parts.config.import_rows}
            | ({} if told is None else {"mapping": told}),
        )
        found: Job = await run_in_threadpool(state.jobs.add, job)
    except BaseException:
        if own:
            path.unlink(missing_ok=True)
        raise
    if found.id != number:
        if own:
            path.unlink(missing_ok=True)
        if found.digest != digest:
            raise Problem(
                409,
                "idempotency_key_reused",
                "this Idempotency-Key was used for another file",
                hint="take a new key for a new file",
            )
    else:
        entry = Entry(job.created_us, who.key_id, "import.begun", None, number)
        state.recorder.tell([entry])
        state.importer.wake()
        if own and trouble:
            path.unlink(missing_ok=True)
    return answer(_told(found), status=202, headers={"Location": f"/v1/imports/{found.id}"})


@router.get("/imports/{job_id}", response_model=JobState, responses=_PROBLEMS, openapi_extra=_MAY)
async def one_import(request: Request, job_id: JobId, _: Admin) -> Response:
    """Say how far an import is."""
    return answer(_told(await _find(request, job_id)))


@router.get("/jobs", response_model=JobList, responses=_PROBLEMS, openapi_extra=_MAY)
async def jobs(
    request: Request,
    _: Admin,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str, Query(pattern="^([0-9]{1,18}-i[0-9a-f]{1,32})?$")] = "",
) -> Response:
    """Return jobs, the newest first."""
    made, number = cursor.split("-") if cursor else ("", "")
    before = (int(made), number) if cursor else None
    found = await run_in_threadpool(request.app.state.jobs.page, before=before, limit=limit)
    more = f"{found[-1].created_us}-{found[-1].id}" if len(found) == limit else None
    return answer({"jobs": [_told(each) for each in found], "cursor": more})


@router.get("/jobs/{job_id}", response_model=JobState, responses=_PROBLEMS, openapi_extra=_MAY)
async def one_job(request: Request, job_id: JobId, _: Admin) -> Response:
    """Say how far a job is."""
    return answer(_told(await _find(request, job_id)))


@router.post(
    "/jobs/{job_id}:cancel", response_model=JobState, responses=_PROBLEMS, openapi_extra=_MAY
)
async def cancel(request: Request, job_id: JobId, who: Admin) -> Response:
    """End a job after the rows at hand; what is stored stays. One that has ended stays as it is."""
    await _find(request, job_id)
    state = request.app.state
    found = await run_in_threadpool(state.jobs.cancel, job_id)
    state.recorder.tell([Entry(time.time_ns() // 1000, who.key_id, "job.cancelled", None, job_id)])
    state.importer.wake()
    return answer(_told(found))


def _parsed(text: str) -> tuple[Any, str]:
    """Return what a text says as a mapping, and what is wrong with it; none where it is empty."""
    if not text:
        return None, ""
    try:
        return _checked(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return None, f"the mapping must be JSON: {error}"


def _checked(told: object) -> tuple[Any, str]:
    if not isinstance(told, dict):
        return None, "the mapping must be an object"
    try:
        Mapping.read(told, where="mapping")
    except LimnerError as error:
        return told, error.message
    return told, ""


def _asked(request: Request, who: Principal) -> str | None:
    key = request.headers.get("idempotency-key")
    if not key:
        return None
    return hashlib.sha256(f"{who.key_id}:{key}".encode("utf-8", "replace")).hexdigest()


async def _find(request: Request, job_id: str) -> Job:
    found: Job | None = await run_in_threadpool(request.app.state.jobs.get, job_id)
    if found is None:
        raise Problem(404, "unknown_job", f"there is no job {job_id}")
    return found


def _told(job: Job) -> Json:
    progress: Progress = job.progress
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "source": job.source,
        "created_at": moment_of(job.created_us).isoformat(),
        "changed_at": moment_of(job.changed_us or job.created_us).isoformat(),
        "share": 1.0 if job.state == "done" else progress.share,
        "rows": progress.rows,
        "accepted": progress.accepted,
        "duplicates": progress.duplicates,
        "refused": progress.refused,
        "erased": progress.erased,
        "trouble": job.trouble,
    }
