"""The job-queue dialect as a facade: canonical paths, their older twins, and the way in.

Order of checks: path, method, parameters, work.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.facade import MIB, Dialect
from tui_dl.api.history import History
from tui_dl.api.jobs import control, past, submit
from tui_dl.api.jobs.board import Board
from tui_dl.api.jobs.call import Action, Call, Desk
from tui_dl.api.jobs.replies import Refused, error_reply
from tui_dl.api.jobs.settings import JobsSettings
from tui_dl.api.jobs.streams import serve_stream
from tui_dl.api.jobs.ticket_box import Tickets
from tui_dl.api.requests import query_value, segments_of
from tui_dl.domain.errors import TuiDlError

Path = tuple[str, ...]
Route = tuple[str, Action]


def _twins(verb: str, method: str, action: Action) -> dict[Path, Route]:
    return {("v1", "jobs", verb): (method, action), ("v1", "download", verb): (method, action)}


ROUTES: Mapping[Path, Route] = {
    ("v1", "jobs", "download", "submit"): ("POST", submit.submit),
    ("v1", "download", "submit"): ("POST", submit.submit),
    **_twins("queue", "GET", control.list_queue),
    **_twins("cancel", "POST", control.cancel),
    **_twins("pause", "POST", control.pause),
    **_twins("resume", "POST", control.resume),
    **_twins("retry", "POST", control.retry),
    ("v1", "jobs", "get"): ("GET", control.get_job),
    ("v1", "jobs", "clearCompleted"): ("POST", control.clear_completed),
    ("v1", "jobs", "events", "ticket"): ("POST", control.give_ticket),
    ("v1", "downloads"): ("GET", past.list_history),
    ("v1", "downloads", "retry"): ("POST", past.retry_history),
    ("v1", "downloads", "delete"): ("POST", past.delete_history),
}
EVENTS = frozenset({("v1", "jobs", "events"), ("v1", "download", "events")})
TICKET = "ticket"

_TEXTS = {401: "authentication required", 404: "not found", 405: "method not allowed"}


class JobsFacade:
    """The job-queue dialect."""

    name = Dialect.JOBS
    body_limit_bytes = MIB

    def __init__(
        self, context: ApiContext, history: History, settings: JobsSettings | None = None
    ) -> None:
        """``history`` is shared with the files dialect."""
        self._context = context
        self._history = history
        self.board = Board(context, history)
        self._desk = Desk(
            context, settings or JobsSettings(), history, self.board, Tickets(context.clock)
        )

    def open(self) -> None:
        """Listen to the service from now on."""
        self._history.open()
        self.board.open()

    def close(self) -> None:
        """End all streams and write the history."""
        self.board.close()
        self._history.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        segments = segments_of(scope)
        if segments in EVENTS and scope["method"] == "GET":
            await self._stream(scope, receive, send)
            return
        reply = await self._answer(segments, scope, receive)
        await reply(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal; ``code`` has no place in it."""
        return error_reply(status, _TEXTS.get(status, message))

    def needs_token(self, scope: Scope) -> bool:
        """Return yes, unless a stream's ticket is shown: it is looked at here."""
        is_stream = segments_of(scope) in EVENTS and scope["method"] == "GET"
        return not (is_stream and query_value(scope, TICKET) is not None)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        ticket = query_value(scope, TICKET)
        if ticket is not None and not self._desk.tickets.take(ticket):
            await error_reply(401, _TEXTS[401])(scope, receive, send)
            return
        await serve_stream(self._context, self.board, scope, receive, send)

    async def _answer(self, segments: Path, scope: Scope, receive: Receive) -> Response:
        method, action = ("GET", None) if segments in EVENTS else ROUTES.get(segments, ("", None))
        if not method:
            return error_reply(404, _TEXTS[404], scope)
        if action is None or scope["method"] != method:
            reply = error_reply(405, _TEXTS[405], scope)
            reply.headers["allow"] = method
            return reply
        body = await Request(scope, receive).body()
        try:
            return await action(Call(self._desk, scope, body))
        except Refused as refusal:
            return error_reply(refusal.status, refusal.text, scope)
        except TuiDlError as error:
            return error_reply(500, error.message, scope)
