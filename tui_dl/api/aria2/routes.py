"""The aria2 dialect as a facade: POST, GET and WebSocket on /jsonrpc.

Must not run methods: that is ``rpc.py``.
"""

from __future__ import annotations

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.aria2.desk import Aria2Settings, Desk
from tui_dl.api.aria2.envelope import encode_replies, http_status, read_message, read_query
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.rpc import Caller, Rpc, Sleep
from tui_dl.api.aria2.sockets import Socket
from tui_dl.api.context import ApiContext
from tui_dl.api.facade import MIB, Dialect
from tui_dl.api.requests import peer_of, segments_of

JSON_TYPE = "application/json-rpc"
SCRIPT_TYPE = "text/javascript"

PATH = ("jsonrpc",)
METHODS = ("POST", "GET")


class Aria2Facade:
    """The aria2 dialect."""

    name = Dialect.ARIA2
    body_limit_bytes = 2 * MIB

    def __init__(
        self,
        context: ApiContext,
        settings: Aria2Settings | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """``settings`` is what the process decides; ``sleep`` holds refusals back."""
        self._context = context
        self.rpc = Rpc(Desk(context, settings or Aria2Settings()), sleep)

    def open(self) -> None:
        """Begin to remember ends, before the first request."""
        self.rpc.desk.open()

    def close(self) -> None:
        """Stop listening to the service. Idempotent."""
        self.rpc.desk.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one socket to its end."""
        if scope["type"] == "websocket":
            await Socket(self.rpc, scope, receive, send).serve()
            return
        reply = await self._answer(scope, receive)
        await reply(scope, receive, send)

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal: nothing for an unknown path, as aria2; else an error object."""
        if status == 404:
            return Response(status_code=404)
        body = {"id": None, "jsonrpc": "2.0", "error": RpcError(message).body()}
        return _reply(msgspec.json.encode(body), status, JSON_TYPE)

    def needs_token(self, scope: Scope) -> bool:
        """Return no: each call shows its own."""
        return False

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        if segments_of(scope) != PATH or method not in METHODS:
            return Response(status_code=404)
        bearer = self._context.guard.check_bearer(scope)
        if method == "POST":
            message = read_message(await Request(scope, receive).body())
            may_change = True
        else:
            query: str = scope["query_string"].decode("latin-1")
            message = read_query(query, jsonp=self.rpc.desk.settings.jsonp)
            # With --no-auth a GET proves nothing: any page could have made it (trap S2).
            may_change = self._context.token is not None
        outcome = await self.rpc.run(message, Caller(peer_of(scope), bearer, may_change))
        if outcome.was_refused:
            await self.rpc.hold_back()
        kind = JSON_TYPE if message.callback is None else SCRIPT_TYPE
        body = encode_replies(message, outcome.replies)
        return _reply(body, http_status(message, outcome.replies), kind)


def _reply(body: bytes, status: int, kind: str) -> Response:
    headers = {"content-type": kind, "cache-control": "no-cache"}
    return Response(body, status_code=status, headers=headers)
