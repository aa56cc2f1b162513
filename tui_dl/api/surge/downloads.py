"""POST /download and POST /download/batch: adding, answered at once.

The browser extension gives up after five seconds and then downloads by itself, so the
answer never waits for a server (weak point 8 of Surge). Must not know paths and methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from tui_dl.api.requests import header, query_value
from tui_dl.api.surge.actions import Call
from tui_dl.api.surge.adding import (
    MOST_IN_BATCH,
    BatchBody,
    DownloadBody,
    build_request,
    client_id,
    decode,
    url_key,
)
from tui_dl.api.surge.codec import Wire
from tui_dl.api.surge.replies import Refused, json_reply, refused_by
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import AddRequest, Status
from tui_dl.domain.redaction import redacted
from tui_dl.service.contract import AddOutcome, AddResult

_STOPPED = frozenset({Status.PAUSED, Status.FAILED, Status.CANCELLED})
_DUPLICATE: Wire = {
    "status": "error",
    "message": "Download rejected: Duplicate download detected (Headless mode)",
}


async def add(call: Call) -> Response:
    """Add one download and return its id and the best guess of its name."""
    body = decode(call.body, DownloadBody)
    key = header(call.scope, b"idempotency-key")
    id_ = client_id(query_value(call.scope, "id"), body.id, key=key)
    # Links are followed on the disk: a network drive that hangs must not hang the engine.
    request = await asyncio.to_thread(_request, call, body, id_)
    if not body.skip_approval and _is_any_known(call, [request]):
        return json_reply(_DUPLICATE, 409)
    (result,) = await call.context.service.add([request])
    if result.id is None:
        raise refused_by(result.failure or _silence())
    row = call.context.find(result.id)
    if id_ is not None and result.outcome is AddOutcome.DUPLICATE:
        if row is not None and row.id == id_ and row.url != request.url:
            raise Refused(500, "download id already exists")
    elif result.outcome is AddOutcome.DUPLICATE:
        await _go_on(call, [result.id])
    return json_reply(
        {
            "filename": "" if row is None else row.name,
            "id": result.id,
            "message": "Download queued successfully",
            "status": "queued",
        }
    )


async def add_batch(call: Call) -> Response:
    """Add many downloads in one transaction; one bad item refuses the whole batch."""
    batch = decode(call.body, BatchBody)
    if not batch.downloads:
        raise Refused(400, "downloads are required")
    if len(batch.downloads) > MOST_IN_BATCH:
        raise Refused(400, f"too many downloads: at most {MOST_IN_BATCH} at once")
    key = header(call.scope, b"idempotency-key")
    requests = await asyncio.to_thread(_requests, call, batch, key)
    if not batch.skip_approval and _is_any_known(call, requests):
        return json_reply(_DUPLICATE, 409)
    results = await call.context.service.add(requests)
    again = [
        result.id
        for request, result in zip(requests, results, strict=True)
        if result.outcome is AddOutcome.DUPLICATE and result.id and request.id != result.id
    ]
    await _go_on(call, again)
    return _batch_reply(requests, results)


def _batch_reply(requests: Sequence[AddRequest], results: Sequence[AddResult]) -> Response:
    failures = [
        {"url": redacted(request.url), "error": (result.failure or _silence()).message}
        for request, result in zip(requests, results, strict=True)
        if result.id is None
    ]
    count = len(requests) - len(failures)
    if not failures:
        words = "Batch downloads queued successfully"
        return json_reply({"status": "queued", "message": words, "count": count})
    reply: Wire = {"count": count, "failures": failures}
    if count:
        words = "Batch downloads partially queued"
        return json_reply({"status": "partial", "message": words} | reply, 207)
    return json_reply({"status": "error", "message": "Batch downloads failed"} | reply, 500)


def _requests(call: Call, batch: BatchBody, key: str | None) -> list[AddRequest]:
    requests: list[AddRequest] = []
    for number, body in enumerate(batch.downloads or ()):
        body.path = body.path or batch.path
        item_key = f"{key}/{number}" if key else None
        requests.append(_request(call, body, client_id(body.id, key=item_key)))
    return requests


def _request(call: Call, body: DownloadBody, id_: str | None) -> AddRequest:
    resolve = partial(call.context.target_folder, call.scope)
    return build_request(body, resolve, call.context.directory, id_)


def _is_any_known(call: Call, requests: Sequence[AddRequest]) -> bool:
    """Return whether one of the URLs is in the list, in any status, under another id."""
    known: dict[str, set[str]] = {}
    for row in call.context.rows.rows():
        known.setdefault(url_key(row.url), set()).add(row.id)
    return any(known.get(url_key(item.url), set()) - {item.id or ""} for item in requests)


async def _go_on(call: Call, ids: Sequence[str]) -> None:
    """Run again what the client wants and an earlier add left stopped."""
    stopped = []
    for id_ in ids:
        row = call.context.find(id_)
        if row is not None and row.status in _STOPPED:
            stopped.append(id_)
    if stopped:
        await call.context.service.resume(stopped)


def _silence() -> Failure:
    return Failure(ErrorCode.INTERNAL, "The engine gave no answer.")
