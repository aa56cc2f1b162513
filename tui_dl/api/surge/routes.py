"""The Surge dialect as a facade: the table of routes, and the way from a request to a reply.

Order of checks as in Surge: path, method, id, work.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.facade import MIB, Dialect
from tui_dl.api.opening import Opener, desktop_open
from tui_dl.api.requests import segments_of
from tui_dl.api.surge import actions, downloads
from tui_dl.api.surge.actions import Action, Call
from tui_dl.api.surge.listing import ListBody
from tui_dl.api.surge.replies import STATUS_OF, Refused, text_reply
from tui_dl.api.surge.streams import SurgeFrames, surge_stream
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """One path with what each method does."""

    by_method: Mapping[str, Action]
    needs_token: bool = True


def _post(action: Action) -> Route:
    return Route({"POST": action})


def _get(action: Action) -> Route:
    return Route({"GET": action})


def _drop(action: Action) -> Route:
    return Route({"POST": action, "DELETE": action})


ROUTES: Mapping[tuple[str, ...], Route] = {
    ("health",): Route(
        dict.fromkeys(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), actions.health),
        needs_token=False,
    ),
    ("list",): _get(actions.list_all),
    ("history",): _get(actions.list_history),
    ("download",): Route({"GET": actions.show, "POST": downloads.add}),
    ("download", "batch"): _post(downloads.add_batch),
    ("pause",): _post(actions.pause),
    ("resume",): _post(actions.resume),
    ("delete",): _drop(actions.delete),
    ("purge",): _drop(actions.purge),
    ("update-url",): Route({"PUT": actions.update_url}),
    ("open-file",): _post(actions.open_file),
    ("open-folder",): _post(actions.open_folder),
    ("clear-completed",): _post(actions.clear_completed),
    ("clear-failed",): _post(actions.clear_failed),
    ("rate-limit",): _post(actions.limit_one),
    ("rate-limit", "global"): _post(actions.limit_all),
    ("rate-limit", "default"): _post(actions.limit_default),
}
EVENTS = ("events",)


class SurgeFacade:
    """The Surge dialect."""

    name = Dialect.SURGE
    body_limit_bytes = MIB

    def __init__(self, context: ApiContext, opener: Opener = desktop_open) -> None:
        """``opener`` hands a path to the desktop."""
        self._context = context
        self._opener = opener
        self._frames = SurgeFrames()
        self._list = ListBody()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        segments = segments_of(scope)
        if segments == EVENTS:
            await self._events(scope, receive, send)
            return
        reply = await self._answer(segments, scope, receive)
        await reply(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal as one line of text; ``code`` has no place in it."""
        return text_reply(status, message)

    def needs_token(self, scope: Scope) -> bool:
        """Return whether the path wants a bearer: all but /health."""
        route = ROUTES.get(segments_of(scope))
        return route is None or route.needs_token

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "POST"):
            await text_reply(405, "Method not allowed")(scope, receive, send)
            return
        await surge_stream(self._context, self._frames)(scope, receive, send)

    async def _answer(self, segments: tuple[str, ...], scope: Scope, receive: Receive) -> Response:
        route = ROUTES.get(segments)
        if route is None:
            return text_reply(404, "404 page not found")
        action = route.by_method.get(scope["method"])
        if action is None:
            reply = text_reply(405, "Method not allowed")
            reply.headers["allow"] = ", ".join(route.by_method)
            return reply
        body = await Request(scope, receive).body()
        try:
            return await action(Call(self._context, scope, body, self._opener, self._list))
        except Refused as refusal:
            return text_reply(refusal.status, refusal.text)
        except TuiDlError as error:
            return text_reply(STATUS_OF.get(error.code, 500), error.message)
