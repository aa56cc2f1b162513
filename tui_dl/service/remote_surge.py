"""The way to a real Surge server, as far as that serves. Source: Surge 0.12's HTTP API.

Surge tells less than we show: what it does not know has the plain value of its field,
what it cannot do is refused with a sentence. Must not be used for another tui-dl.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import fields
from typing import Any

from tui_dl.domain.errors import ErrorCode, Failure, TransferError, UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Validators
from tui_dl.domain.names import name_from_url
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, DownloadSnapshot, EngineSnapshot
from tui_dl.domain.urls import parse_url
from tui_dl.service.contract import ActionResult, AddOutcome, AddResult, Preview, Recheck
from tui_dl.service.remote_http import Answer, RemoteHttp
from tui_dl.service.remote_link import LinkItem, Part, Whole
from tui_dl.service.remote_sse import SseFrame
from tui_dl.service.remote_surge_codec import EVENT_KINDS, event_row, progress_row, row_of
from tui_dl.service.remote_wire import Act, Deed, Dials

LOOK_S = 5.0
"""Surge's stream has no heartbeat: after so long a silence the list is fetched again."""

_PATHS = {Deed.PAUSE: "/pause", Deed.RESUME: "/resume"}


class SurgeLink:
    """Asks a Surge server and listens to it."""

    def __init__(self, http: RemoteHttp) -> None:
        self._http = http
        self._rows: dict[str, DownloadSnapshot] = {}
        self._version = 0
        self._sequence = 0

    async def picture(self) -> EngineSnapshot:
        """Return the list as a picture."""
        answer = await self._http.ask("GET", "/list")
        rows = _json(answer)
        if not answer.is_good or not isinstance(rows, list | None):
            raise TransferError(
                f"There is no tui-dl and no Surge at {self._http.base_url}.",
                code=ErrorCode.PROTOCOL,
                retryable=False,
            )
        self._version += 1
        found = [row_of(item, n, self._version) for n, item in enumerate(rows or ())]
        self._rows = {row.id: row for row in found}
        return self._snapshot(tuple(found))

    async def listen(self) -> AsyncIterator[LinkItem]:
        """Yield what happens until the connection breaks."""
        async with self._http.events("/events", silence_s=24 * 3600.0) as frames:
            yield Whole(await self.picture())
            pending = asyncio.ensure_future(anext(frames, None))
            try:
                while True:
                    await asyncio.wait({pending}, timeout=LOOK_S)
                    if not pending.done():
                        yield Whole(await self.picture())
                        continue
                    frame = pending.result()
                    if frame is None:
                        return
                    pending = asyncio.ensure_future(anext(frames, None))
                    async for item in self._items(frame):
                        yield item
            finally:
                pending.cancel()
                with contextlib.suppress(asyncio.CancelledError, TransferError):
                    await pending

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads one by one: Surge's batch does not tell their ids."""
        return [await self._add_one(request) for request in requests]

    async def preview(self, request: AddRequest) -> Preview:
        """Return the name in the URL: Surge tells nothing before it starts."""
        return Preview(name_from_url(parse_url(request.url).target) or "download")

    async def act(self, act: Act) -> list[ActionResult]:
        """Do one deed, id by id."""
        return [ActionResult(id_, await self._do(act, id_)) for id_ in act.ids]

    async def dial(self, dials: Dials) -> None:
        """Set the limits that Surge has.

        Raises:
            UsageError: it has no such dial.
        """
        if dials.slots is not None:
            raise UsageError("A Surge server takes the number of downloads at once at its start.")
        if dials.schedule is not None:
            raise UsageError("A Surge server has no schedule.")
        for path, limit_bps in (
            ("/rate-limit/global", dials.global_limit_bps),
            ("/rate-limit/default", dials.default_limit_bps),
        ):
            if limit_bps is not None:
                answer = await self._http.ask("POST", path, query={"rate": limit_bps})
                failure = _failure(answer)
                if failure is not None:
                    raise UsageError(failure.message)

    async def details(self, id_: str) -> DownloadDetails | None:
        """Return what Surge tells of one download."""
        answer = await self._http.ask("GET", "/download", query={"id": id_})
        wire = _json(answer)
        if not answer.is_good or not isinstance(wire, dict):
            return None
        known = self._rows.get(id_)
        row = row_of(wire, 0 if known is None else known.position, self._version)
        return DownloadDetails(
            download=row,
            final_url=None,
            validators=Validators(),
            ranges_supported=None,
            generation=1,
            part_path=None,
            final_path=wire.get("dest_path") or None,
        )

    async def recheck(self, id_: str) -> Recheck:
        """Say that nothing is known: Surge cannot do this."""
        return Recheck.UNKNOWN

    # -- inside

    def _snapshot(self, rows: tuple[DownloadSnapshot, ...]) -> EngineSnapshot:
        rate_bps = sum(row.rate_bps for row in self._rows.values() if row.status.is_running)
        return EngineSnapshot(version=self._version, downloads=rows, rate_bps=rate_bps)

    async def _items(self, frame: SseFrame) -> AsyncIterator[LinkItem]:
        wire = _object(frame.data)
        row = self._rows.get(str(wire.get("download_id") or wire.get("DownloadID") or ""))
        if frame.name == "progress" and row is not None:
            self._version += 1
            fresh = progress_row(row, wire, self._version)
            self._rows[row.id] = fresh
            yield Part(self._snapshot((fresh,)))
            return
        kind = EVENT_KINDS.get(frame.name)
        if kind is None:
            if wire.get("resync"):
                yield Whole(await self.picture())
            return
        before = row
        yield Whole(await self.picture())
        id_ = str(wire.get("download_id") or wire.get("DownloadID") or "")
        row = self._rows.get(id_) or before
        if row is not None:
            self._sequence += 1
            yield DownloadEvent(kind, event_row(row, kind), self._sequence)

    async def _add_one(self, request: AddRequest) -> AddResult:
        options = request.options
        unknown = _unknown_options(options)
        if unknown:
            words = f"A Surge server cannot do this for a download: {', '.join(unknown)}."
            return AddResult(AddOutcome.REFUSED, None, Failure(ErrorCode.INVALID_OPTION, words))
        directory = request.directory  # empty: the server's own
        headers = dict(options.headers)
        if options.user_agent:
            headers["User-Agent"] = options.user_agent
        if options.referer:
            headers["Referer"] = options.referer
        wire = {
            "url": request.url,
            "path": directory,
            "filename": options.out or "",
            "mirrors": [request.url, *options.mirrors] if options.mirrors else [],
            "headers": headers,
            "skip_approval": True,
            "relative_to_default_dir": bool(directory) and not directory.startswith("/"),
            "is_explicit_category": True,
            "workers": options.connections or 0,
        }
        answer = await self._http.ask("POST", "/download", json=wire)
        found = _json(answer)
        if answer.is_good and isinstance(found, dict) and found.get("id"):
            id_ = str(found["id"])
            # It knows neither with an addition. What it refuses now shows in its list.
            if options.limit_bps is not None:
                await self._do(Act(Deed.SET_LIMIT, (id_,), limit_bps=options.limit_bps), id_)
            if request.paused:
                await self._do(Act(Deed.PAUSE, (id_,)), id_)
            return AddResult(AddOutcome.ADDED, id_)
        failure = _failure(answer) or Failure(ErrorCode.PROTOCOL, "Surge gave no id.")
        return AddResult(AddOutcome.REFUSED, None, failure)

    async def _do(self, act: Act, id_: str) -> Failure | None:
        query: dict[str, str | int] = {"id": id_}
        if act.deed in _PATHS:
            return _failure(await self._http.ask("POST", _PATHS[act.deed], query=query))
        if act.deed is Deed.REMOVE:
            path = "/purge" if act.with_files else "/delete"
            return _failure(await self._http.ask("POST", path, query=query))
        if act.deed is Deed.SET_URL:
            body = {"url": act.url}
            return _failure(await self._http.ask("PUT", "/update-url", query=query, json=body))
        if act.deed is Deed.SET_LIMIT:
            query |= {"inherit": "true"} if act.limit_bps is None else {"rate": act.limit_bps}
            return _failure(await self._http.ask("POST", "/rate-limit", query=query))
        return Failure(ErrorCode.NOT_ALLOWED_NOW, "A Surge server cannot do this.")


def _unknown_options(options: DownloadOptions) -> list[str]:
    """Return the names of what was chosen and cannot be sent: dropped, it would be a lie."""
    usual = DownloadOptions()
    return [
        field.name.replace("_", " ")
        for field in fields(DownloadOptions)
        if field.name not in _SENT and getattr(options, field.name) != getattr(usual, field.name)
    ]


_SENT = frozenset(
    {"out", "headers", "user_agent", "referer", "mirrors", "connections", "limit_bps"}
)


def _failure(answer: Answer) -> Failure | None:
    if answer.is_good:
        return None
    is_unknown = answer.status == 404 or "not found" in answer.text
    code = ErrorCode.UNKNOWN_DOWNLOAD if is_unknown else ErrorCode.NOT_ALLOWED_NOW
    return Failure(code, answer.text or f"The server answered {answer.status}.")


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return answer


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
