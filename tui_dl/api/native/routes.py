"""The facade of our own dialect: eight routes over the service contract.

Must not decide: it checks folders and files that a client names, hides secrets, and
passes on. What is refused is a ``Failure`` with a matching status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.facade import MIB, Dialect
from tui_dl.api.ids import checked_id
from tui_dl.api.native.deeds import DEEDS
from tui_dl.api.native.replies import STATUS_OF, error_reply, json_reply
from tui_dl.api.native.streams import native_stream
from tui_dl.api.requests import is_trusted, query_value, segments_of
from tui_dl.domain.errors import ErrorCode, TuiDlError, UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Source
from tui_dl.service.contract import AddOutcome, AddResult
from tui_dl.service.remote_wire import (
    PREFIX,
    Act,
    AddAnswers,
    Additions,
    Dials,
    decode,
    public_details,
    public_snapshot,
)

EVENTS = (PREFIX, "events")
_CODES = {401: ErrorCode.NEEDS_LOGIN, 403: ErrorCode.FORBIDDEN, 404: ErrorCode.NOT_FOUND}


class NativeFacade:
    """Our own dialect."""

    name = Dialect.NATIVE
    body_limit_bytes = 16 * MIB
    """A list of ten thousand URLs is one addition."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        segments = segments_of(scope)
        if segments == EVENTS and scope["method"] == "GET":
            await native_stream(self._context)(scope, receive, send)
            return
        method, answer = ROUTES.get(segments, ("GET", None))
        if answer is None and segments != EVENTS:
            reply = self.refuse(404, "not_found", "That path is not known here.")
        elif answer is None or scope["method"] != method:
            reply = self.refuse(405, "method_not_allowed", "That method is not known here.")
        else:
            reply = await self._guarded(answer, scope, await Request(scope, receive).body())
        await reply(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal as a ``Failure``."""
        return error_reply(status, _CODES.get(status, ErrorCode.HTTP_STATUS), message)

    def needs_token(self, scope: Scope) -> bool:
        """Return yes."""
        return True

    async def _guarded(self, answer: _Answer, scope: Scope, body: bytes) -> Response:
        try:
            return await answer(self, scope, body)
        except TuiDlError as error:
            return error_reply(STATUS_OF.get(error.code, 500), error.code, error.message)

    async def _snapshot(self, scope: Scope, body: bytes) -> Response:
        return json_reply(public_snapshot(self._context.rows.snapshot()))

    async def _details(self, scope: Scope, body: bytes) -> Response:
        details = await self._context.service.details(query_value(scope, "id") or "")
        if details is None:
            return error_reply(404, ErrorCode.UNKNOWN_DOWNLOAD, "There is no such download.")
        return json_reply(public_details(details))

    async def _add(self, scope: Scope, body: bytes) -> Response:
        wanted = decode(body, Additions).requests
        # Links are followed on the disk: a network drive that hangs must not hang the engine.
        checked = await asyncio.to_thread(self._check_all, scope, wanted)
        good = [item for item in checked if isinstance(item, AddRequest)]
        answers = iter(await self._context.service.add(good)) if good else iter(())
        results = [item if isinstance(item, AddResult) else next(answers) for item in checked]
        return json_reply(AddAnswers(tuple(results)))

    def _check_all(
        self, scope: Scope, wanted: tuple[AddRequest, ...]
    ) -> list[AddRequest | AddResult]:
        return [self._checked(scope, request) for request in wanted]

    def _checked(self, scope: Scope, request: AddRequest) -> AddRequest | AddResult:
        """Return what may be added, or why not (trap S8)."""
        trusted = is_trusted(scope)
        try:
            id_ = None if request.id is None else checked_id(request.id)
            _check_files(scope, request.options)
            folder = self._context.target_folder(scope, request.directory)
            options = self._options_for(scope, request.options)
        except UsageError as error:
            return AddResult(AddOutcome.REFUSED, None, error.failure())
        source = request.source if trusted else Source.API
        return replace(request, id=id_, directory=folder, source=source, options=options)

    def _options_for(self, scope: Scope, options: DownloadOptions) -> DownloadOptions:
        """Return options whose folder for finished files is one that the caller may name."""
        if not options.move_to:
            return options
        return replace(options, move_to=self._context.target_folder(scope, options.move_to))

    async def _preview(self, scope: Scope, body: bytes) -> Response:
        wanted = decode(body, Additions).requests
        if len(wanted) != 1:
            raise UsageError("This is for one download at a time.")
        checked = await asyncio.to_thread(self._checked, scope, wanted[0])
        if isinstance(checked, AddResult):
            raise UsageError(
                "It would be refused." if checked.failure is None else checked.failure.message
            )
        return json_reply(await self._context.service.preview(checked))

    async def _act(self, scope: Scope, body: bytes) -> Response:
        act = decode(body, Act)
        if act.options is not None:
            _check_files(scope, act.options)
            row = self._context.find(act.ids[0]) if act.ids else None
            # What the owner chose comes back unchanged from clients that change something else.
            if row is None or row.options.move_to != act.options.move_to:
                options = await asyncio.to_thread(self._options_for, scope, act.options)
                act = replace(act, options=options)
        if act.directory is not None:
            folder = await asyncio.to_thread(self._context.target_folder, scope, act.directory)
            act = replace(act, directory=folder)
        results = await DEEDS[act.deed](self._context, act)
        return json_reply(results)

    async def _dials(self, scope: Scope, body: bytes) -> Response:
        dials = decode(body, Dials)
        service = self._context.service
        if dials.global_limit_bps is not None:
            await service.set_global_limit(max(0, dials.global_limit_bps))
        if dials.default_limit_bps is not None:
            await service.set_default_limit(max(0, dials.default_limit_bps))
        if dials.schedule is not None:
            await service.set_schedule(dials.schedule)
        if dials.slots is not None:
            await service.set_slots(dials.slots)
        return json_reply({})

    async def _recheck(self, scope: Scope, body: bytes) -> Response:
        return json_reply(await self._context.service.recheck(query_value(scope, "id") or ""))


def _check_files(scope: Scope, options: DownloadOptions) -> None:
    """Refuse to read files of this machine for others than its owner."""
    files = (
        options.cookie_file,
        options.ca_certificate,
        options.netrc_file,
        options.save_cookies,
        options.certificate,
        options.private_key,
        options.adopt,
    )
    if not is_trusted(scope) and any(files):
        raise UsageError("Only the owner's own command line may name files.")


_Answer = Callable[[NativeFacade, Scope, bytes], Awaitable[Response]]

ROUTES: Mapping[tuple[str, ...], tuple[str, _Answer]] = {
    (PREFIX, "snapshot"): ("GET", NativeFacade._snapshot),
    (PREFIX, "details"): ("GET", NativeFacade._details),
    (PREFIX, "add"): ("POST", NativeFacade._add),
    (PREFIX, "preview"): ("POST", NativeFacade._preview),
    (PREFIX, "act"): ("POST", NativeFacade._act),
    (PREFIX, "dials"): ("POST", NativeFacade._dials),
    (PREFIX, "recheck"): ("POST", NativeFacade._recheck),
}
"""Path -> method and answer; ``EVENTS`` beside them."""
