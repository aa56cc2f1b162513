"""What each Surge route does, as functions from a call to a reply.

Must not know paths and methods: that is ``routes.py``. Refusals are raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from pathlib import Path

from starlette.responses import Response
from starlette.types import Scope

from tui_dl.api.context import ApiContext
from tui_dl.api.opening import Opener, is_local_caller, is_program
from tui_dl.api.requests import query_value
from tui_dl.api.surge.adding import UrlBody, decode
from tui_dl.api.surge.codec import download_status, final_path, history
from tui_dl.api.surge.listing import ListBody
from tui_dl.api.surge.replies import Refused, json_reply, refused_by
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import ActionResult

PAUSE_S = 3.0
"""How long POST /pause waits for the last worker; then it says paused all the same."""
_LOOK_S = 0.02

_INHERIT = frozenset({"true", "1", "yes", "inherit", "default", "-1"})
_INHERIT_RATE = frozenset({"inherit", "default", "-1"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request with its body read."""

    context: ApiContext
    scope: Scope
    body: bytes
    opener: Opener
    list_body: ListBody = field(default_factory=ListBody)

    def row(self) -> DownloadSnapshot:
        """Return the download that ``?id=`` names.

        Raises:
            Refused: 400 without an id, 404 when there is no such download.
        """
        id_ = query_value(self.scope, "id")
        if not id_:
            raise Refused(400, "Missing id parameter")
        row = self.context.find(id_)
        if row is None:
            raise Refused(404, "download not found")
        return row


async def health(call: Call) -> Response:
    """Say that the server lives, and nothing else (trap S18)."""
    port = call.scope["server"][1]
    return json_reply({"mode": "local", "port": port, "status": "ok"})


async def list_all(call: Call) -> Response:
    """Return the list."""
    body = call.list_body.encode(call.context.rows.rows())
    return Response(body, media_type="application/json")


async def list_history(call: Call) -> Response:
    """Return what is completed."""
    return json_reply(history(call.context.rows.rows()))


async def show(call: Call) -> Response:
    """Return one download with its counters of now."""
    row = call.row()
    return json_reply(download_status(await call.context.fresh(row.id) or row))


async def pause(call: Call) -> Response:
    """Pause, and answer once the state is on disk and the connections are closed."""
    row = call.row()
    _check(await call.context.service.pause([row.id]))
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + PAUSE_S
    while loop.time() < deadline_s:
        now = await call.context.fresh(row.id)
        if now is None or now.status is not Status.PAUSING:
            break
        await asyncio.sleep(_LOOK_S)
    return json_reply({"status": "paused", "id": row.id})


async def resume(call: Call) -> Response:
    """Queue again; what runs already is fine as it is."""
    row = call.row()
    (result,) = await call.context.service.resume([row.id])
    if result.failure is not None and result.failure.code is ErrorCode.NOT_ALLOWED_NOW:
        is_done = row.status is Status.COMPLETED
        raise Refused(500, "download already completed" if is_done else result.failure.message)
    _check([result])
    return json_reply({"status": "resumed", "id": row.id})


async def delete(call: Call) -> Response:
    """Drop the record; partial and finished files stay."""
    row = call.row()
    _check(await call.context.service.remove([row.id], with_files=False))
    return json_reply({"status": "deleted", "id": row.id})


async def purge(call: Call) -> Response:
    """Drop the record and the files that we made."""
    row = call.row()
    (result,) = await call.context.service.remove([row.id], with_files=True)
    if result.failure is not None and result.failure.code is not ErrorCode.UNKNOWN_DOWNLOAD:
        raise Refused(500, f"failed to delete files: {result.failure.message}")
    _check([result])
    return json_reply({"status": "purged", "id": row.id})


async def update_url(call: Call) -> Response:
    """Give a stopped download a new link."""
    row = call.row()
    url = decode(call.body, UrlBody, "Invalid request body: ").url
    if not url:
        raise Refused(400, "Missing url parameter in body")
    result = await call.context.service.set_url(row.id, url)
    if result.failure is not None and result.failure.code is ErrorCode.NOT_ALLOWED_NOW:
        if row.status is Status.COMPLETED:
            raise Refused(500, "download already completed")
        raise Refused(500, "download is currently active, please pause it before updating the URL")
    _check([result])
    return json_reply({"status": "updated", "id": row.id, "url": url})


async def clear_completed(call: Call) -> Response:
    """Drop the records of completed downloads; their files stay."""
    return await _clear(call, Status.COMPLETED)


async def clear_failed(call: Call) -> Response:
    """Drop the records of failed downloads; their partial files stay."""
    return await _clear(call, Status.FAILED)


async def limit_one(call: Call) -> Response:
    """Limit one download, or let it inherit the default."""
    row = call.row()
    rate = query_value(call.scope, "rate") or ""
    inherit = (query_value(call.scope, "inherit") or "").lower() in _INHERIT
    if inherit or rate.lower() in _INHERIT_RATE:
        _check([await call.context.service.set_limit(row.id, None)])
        return json_reply({"status": "rate_limit_inherited", "id": row.id})
    limit_bps = _rate(rate)
    _check([await call.context.service.set_limit(row.id, limit_bps)])
    word = "rate_limited" if limit_bps else "rate_unlimited"
    return json_reply({"status": word, "id": row.id, "rate": rate})


async def limit_all(call: Call) -> Response:
    """Limit the sum of all downloads."""
    rate = query_value(call.scope, "rate") or ""
    limit_bps = _rate(rate)
    await call.context.service.set_global_limit(limit_bps)
    word = "global_rate_limited" if limit_bps else "global_rate_unlimited"
    return json_reply({"status": word, "rate": rate})


async def limit_default(call: Call) -> Response:
    """Limit each download that names no limit of its own."""
    rate = query_value(call.scope, "rate") or ""
    limit_bps = _rate(rate)
    await call.context.service.set_default_limit(limit_bps)
    word = "default_rate_limited" if limit_bps else "default_rate_unlimited"
    return json_reply({"status": word, "rate": rate})


async def open_file(call: Call) -> Response:
    """Open a finished file with the desktop's program for it, on the server's own screen."""
    row = _openable(call)
    path = Path(final_path(row))
    if row.status is not Status.COMPLETED:
        raise Refused(500, "Failed to open file: the download is not finished")
    try:
        if await asyncio.to_thread(is_program, path):
            raise Refused(403, "Failed to open file: programs are not opened")
        await call.opener(str(path))
    except OSError as error:
        raise Refused(500, f"Failed to open file: {error.strerror or error}") from error
    return json_reply({"status": "ok", "id": row.id})


async def open_folder(call: Call) -> Response:
    """Open the folder of a download, on the server's own screen."""
    row = _openable(call)
    try:
        if not await asyncio.to_thread(Path(row.directory).is_dir):
            raise Refused(500, "Failed to open folder: it is not there")
        await call.opener(row.directory)
    except OSError as error:
        raise Refused(500, f"Failed to open folder: {error.strerror or error}") from error
    return json_reply({"status": "ok", "id": row.id})


def _openable(call: Call) -> DownloadSnapshot:
    if not is_local_caller(call.scope):
        raise Refused(403, "open actions are only allowed from local host")
    id_ = query_value(call.scope, "id")
    row = call.context.find(id_) if id_ else None
    if id_ and row is None:
        raise Refused(404, f"download not found: {id_}")
    return call.row()


async def _clear(call: Call, status: Status) -> Response:
    ids = [row.id for row in call.context.rows.rows() if row.status is status]
    results = await call.context.service.remove(ids, with_files=False)
    return json_reply({"deleted": sum(result.failure is None for result in results)})


def _check(results: Sequence[ActionResult]) -> None:
    for result in results:
        if result.failure is not None:
            raise refused_by(result.failure)


def _rate(text: str) -> int:
    if not text:
        raise Refused(400, "Missing rate parameter")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise Refused(
            400,
            "Invalid rate parameter (expected: integer bytes/sec, e.g. 10485760 for 10 MB/s)",
        )
    if text.startswith("-") and int(digits):
        raise Refused(400, "Rate parameter must be non-negative")
    return int(digits)


Action = Callable[[Call], Awaitable[Response]]
