"""Runs the calls of one message: tokens, methods, multicall, and the wait after a bad token.

Must not know HTTP or sockets. Whatever goes wrong becomes an error of its call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from tui_dl.api.aria2.desk import Desk, Look
from tui_dl.api.aria2.envelope import MOST_CALLS, BadCall, Call, Message, Reply
from tui_dl.api.aria2.errors import UNAUTHORIZED, RpcError
from tui_dl.api.aria2.methods.table import METHODS, MULTICALL
from tui_dl.api.aria2.params import Params
from tui_dl.api.auth import Verdict
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.quick_dataclass import dataclass

logger = logging.getLogger(__name__)

DELAY_S = 1.0
MOST_DELAYED = 64
"""Replies that are held back at once. Who floods gets no delay but the guard's lock."""

CALLS_IN_A_ROW = 16
"""Then the engine, whose loop this is, gets a turn."""

_TOKEN = "token:"

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a message."""

    peer: str
    bearer: Verdict = Verdict.MISSING
    """What the Authorization field was worth."""
    may_change: bool = True
    """Off: a GET without any proof of who sent it may only look (trap S2)."""


@dataclass(slots=True)
class _Turn:
    """One message at work."""

    caller: Caller
    look: Look
    was_refused: bool = False
    """A token was missing or wrong somewhere in the message."""
    calls: int = 0
    """So far, with all entries of multicalls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The replies to one message, in order."""

    replies: tuple[Reply, ...]
    was_refused: bool


class Rpc:
    """The one dispatcher behind POST, GET and WebSocket (trap S16)."""

    def __init__(self, desk: Desk, sleep: Sleep = asyncio.sleep) -> None:
        self.desk = desk
        self._sleep = sleep
        self._delayed = 0

    async def run(self, message: Message, caller: Caller) -> Outcome:
        """Run all calls in order and return their replies at once."""
        trusted = caller.bearer is Verdict.OWNER
        turn = _Turn(caller, Look(self.desk, trusted=trusted, may_change=caller.may_change))
        replies = [await self._reply(turn, call) for call in message.calls]
        return Outcome(tuple(replies), turn.was_refused)

    async def hold_back(self) -> None:
        """Wait before a reply that says Unauthorized; only its own client waits."""
        if self._delayed >= MOST_DELAYED:
            return
        self._delayed += 1
        try:
            await self._sleep(DELAY_S)
        finally:
            self._delayed -= 1

    async def _reply(self, turn: _Turn, call: Call | BadCall) -> Reply:
        if isinstance(call, BadCall):
            return Reply(call.id, error=call.error)
        try:
            await self._count(turn)
            return Reply(call.id, result=await self._run(turn, call.method, call.params))
        except RpcError as error:
            return Reply(call.id, error=error)

    async def _run(self, turn: _Turn, name: str, values: Sequence[object]) -> object:
        token, params = split_token(values)
        method = METHODS.get(name)
        if name == MULTICALL:
            # It shows no token itself: each call inside does.
            return await self._multicall(turn, Params(values))
        if method is None or method.needs_token:
            self._authorize(turn, token)
        if method is None:
            raise RpcError(f"No such method: {name}")
        if not (method.is_reading or turn.look.may_change):
            raise self._refused(turn)
        try:
            return await method.handler(turn.look, Params(params))
        except RpcError:
            raise
        except TuiDlError as error:
            raise RpcError(error.message) from error
        except Exception as error:  # a mistake of ours must not end the socket (trap S18)
            logger.exception("the method %s failed", name)
            raise RpcError("Internal error.") from error

    @staticmethod
    async def _count(turn: _Turn) -> None:
        turn.calls += 1
        if turn.calls > MOST_CALLS:
            raise RpcError("There are too many calls in one message.")
        if turn.calls % CALLS_IN_A_ROW == 0:
            await asyncio.sleep(0)

    def _authorize(self, turn: _Turn, token: str | None) -> None:
        """Check the token of one call; the bearer of its HTTP request counts as well.

        Raises:
            RpcError: ``Unauthorized``.
        """
        caller = turn.caller
        candidate = None if token is None else token.encode("utf-8", "surrogateescape")
        if candidate is None and caller.bearer.is_good:
            return
        verdict = self.desk.context.guard.check(caller.peer, candidate)
        if verdict is Verdict.OWNER:
            turn.look.trusted = True
        if not verdict.is_good and not caller.bearer.is_good:
            raise self._refused(turn)

    @staticmethod
    def _refused(turn: _Turn) -> RpcError:
        turn.was_refused = True
        return RpcError(UNAUTHORIZED)

    async def _multicall(self, turn: _Turn, params: Params) -> list[object]:
        return [await self._inner(turn, item) for item in params.items(0)]

    async def _inner(self, turn: _Turn, item: object) -> object:
        """Run one call of a multicall: a list of one result, or a bare error struct."""
        try:
            await self._count(turn)
            if not isinstance(item, dict):
                raise RpcError("system.multicall expected struct.")
            name, values = item.get("methodName"), item.get("params")
            if not isinstance(name, str):
                raise RpcError("Missing methodName.")
            if name == MULTICALL:
                raise RpcError("Recursive system.multicall forbidden.")
            return [await self._run(turn, name, values if isinstance(values, list) else [])]
        except RpcError as error:
            return error.body()


def split_token(values: Sequence[object]) -> tuple[str | None, Sequence[object]]:
    """Return the secret of a leading ``token:`` parameter, and the parameters without it."""
    first = values[0] if values else None
    if isinstance(first, str) and first.startswith(_TOKEN):
        return first[len(_TOKEN) :], values[1:]
    return None, values
