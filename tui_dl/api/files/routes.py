"""The files dialect as a facade: query keys on any folder, and a few paths below /api.

Its generated clients send each key twice, the first one empty: the last value that is not
empty counts, and for listings that the key is there. Must not decide who may call.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.facade import Dialect
from tui_dl.api.files.codec import (
    cancelled_wire,
    error_wire,
    history_wire,
    progress_wire,
)
from tui_dl.api.files.codes import FilesCode
from tui_dl.api.files.places import BadPathError, Labels, OutsideError, place_of
from tui_dl.api.files.replies import Refused, json_reply, refused
from tui_dl.api.files.settings import FilesSettings
from tui_dl.api.files.starting import start
from tui_dl.api.history import History, HistoryRow
from tui_dl.api.requests import is_trusted, query_pairs, query_value, segments_of
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.snapshot import DownloadSnapshot

KEYS = frozenset({"download", "downloads", "download_history"})
FOREIGN_KEYS = frozenset({"id", "method"})
"""With one of these a request is another dialect's."""
LISTING = ("api", "v1", "downloads")

_WORDS = {
    401: "UNAUTHORIZED",
    403: FilesCode.ACCESS_FORBIDDEN.value,
    404: FilesCode.RESOURCE_NOT_FOUND.value,
    405: "METHOD_NOT_ALLOWED",
}
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class FilesFacade:
    """The files dialect."""

    name = Dialect.FILES
    body_limit_bytes = 64 * 1024
    """Nothing here has a body."""

    def __init__(
        self, context: ApiContext, history: History, settings: FilesSettings | None = None
    ) -> None:
        """``history`` is shared with the jobs dialect."""
        self._context = context
        self._history = history
        self._settings = settings or FilesSettings()
        self._naming = asyncio.Lock()

    def open(self) -> None:
        """Note what ends from now on."""
        self._history.open()

    def close(self) -> None:
        """Write what was noted."""
        self._history.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            reply = await self._answer(scope)
        except Refused as refusal:
            reply = json_reply(refusal.body, refusal.status)
        except TuiDlError as error:
            reply = json_reply(error_wire(error.code.upper()), 500)
        await reply(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal by its code; ``message`` has no place in it."""
        return json_reply(error_wire(_WORDS.get(status, code.upper())), status)

    def needs_token(self, scope: Scope) -> bool:
        """Return yes: even its GET changes something."""
        return True

    async def _answer(self, scope: Scope) -> Response:
        segments, method = segments_of(scope), scope["method"]
        if segments and segments[0] == "api":
            return await self._rest(segments, method)
        keys = frozenset(key for key, _ in query_pairs(scope))
        if not keys & KEYS or keys & FOREIGN_KEYS:
            raise refused(404, FilesCode.RESOURCE_NOT_FOUND)
        if method != "GET":
            return self._wrong_method("GET")
        if "download_history" in keys:
            if segments:
                raise refused(404, FilesCode.RESOURCE_NOT_FOUND)
            return self._list_history()
        if "downloads" in keys and not query_value(scope, "download"):
            return self._list_folder(segments)
        self._check_proof(scope)
        async with self._naming:  # else two at once would be told the same name
            return await start(self._context, self._settings, scope, segments)

    def _check_proof(self, scope: Scope) -> None:
        """With --no-auth a GET proves nothing: a picture on any page could be it (trap S2)."""
        if self._context.token is None and not is_trusted(scope):
            raise Refused(401, error_wire(_WORDS[401]))

    async def _rest(self, segments: tuple[str, ...], method: str) -> Response:
        if segments == LISTING:
            return self._list_all() if method == "GET" else self._wrong_method("GET")
        if segments[:3] == LISTING and len(segments) == 4:
            if method != "DELETE":
                return self._wrong_method("DELETE")
            return await self._cancel(segments[3])
        raise refused(404, FilesCode.RESOURCE_NOT_FOUND)

    def _wrong_method(self, allowed: str) -> Response:
        reply = self.refuse(405, "method_not_allowed", "")
        reply.headers["allow"] = allowed
        return reply

    def _list_folder(self, segments: tuple[str, ...]) -> Response:
        try:
            place = place_of(self._context.folders, segments)
        except BadPathError as error:
            raise refused(400, FilesCode.INVALID_PATH) from error
        except OutsideError as error:
            raise refused(403, FilesCode.ACCESS_FORBIDDEN) from error
        return self._active(place.directory)

    def _list_all(self) -> Response:
        return self._active(None)

    def _active(self, directory: str | None) -> Response:
        """List what is not over, of one folder or of all."""
        labels = Labels(self._context.folders)
        found: list[tuple[DownloadSnapshot, str]] = []
        for row in self._context.rows.rows():
            place = labels.of(row.directory)
            if not row.status.is_over and directory in (None, place.directory):
                found.append((row, place.label))
        return json_reply({"downloads": [progress_wire(row, label) for row, label in found]})

    def _list_history(self) -> Response:
        labels = Labels(self._context.folders)
        rows = [row for row in self._history.rows() if not self._is_active(row)]
        rows.sort(key=lambda row: (row.ended_at or _EARLIEST, row.number))
        entries = [history_wire(row, labels.of(row.directory).label) for row in rows]
        return json_reply({"history": entries})

    def _is_active(self, row: HistoryRow) -> bool:
        """Return whether a download that ended once runs again."""
        record = self._context.find(row.id)
        return record is not None and not record.status.is_over

    async def _cancel(self, id_: str) -> Response:
        row = self._context.find(id_)
        if row is None or row.status.is_over:
            raise refused(404, FilesCode.RESOURCE_NOT_FOUND)
        (result,) = await self._context.service.cancel([row.id])
        if result.failure is not None:
            raise refused(404, FilesCode.RESOURCE_NOT_FOUND)
        return json_reply(cancelled_wire(row.id), 202)
