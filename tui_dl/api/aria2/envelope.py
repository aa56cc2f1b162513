"""JSON-RPC envelopes as aria2 reads and writes them: request texts in, reply objects out.

The ``jsonrpc`` member is never looked at: real clients misspell it, send a number or
leave it out. Must not run a method and must not know tokens.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import msgspec

from tui_dl.api.aria2.errors import INVALID_PARAMS, RpcError, invalid_request, parse_error
from tui_dl.domain.quick_dataclass import dataclass

MOST_LEVELS = 50
"""Deepest nesting that is read (trap S13); aria2's own limit."""
MOST_CALLS = 5000
"""Calls of one message, entries of multicalls included (trap S13). A page may add or remove
thousands of downloads with one multicall; its body cannot hold many more."""
_LARGEST = 2**63
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,127}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request object that is well formed."""

    id: object
    method: str
    params: list[object]


@dataclass(frozen=True, slots=True)
class BadCall:
    """One request object that is not, with what to answer."""

    id: object
    error: RpcError


@dataclass(frozen=True, slots=True)
class Message:
    """What one body or frame asks for."""

    calls: tuple[Call | BadCall, ...]
    is_batch: bool = False
    callback: str | None = None
    """Name of a JavaScript function to wrap the reply in (JSONP)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one call: a result, or an error."""

    id: object
    result: object = None
    error: RpcError | None = None

    def body(self) -> dict[str, object]:
        """Return the reply object, its members in aria2's order."""
        if self.error is not None:
            return {"id": self.id, "jsonrpc": "2.0", "error": self.error.body()}
        return {"id": self.id, "jsonrpc": "2.0", "result": self.result}


def read_message(body: bytes) -> Message:
    """Read a POST body or a text frame: one request or a batch.

    Never raises: what cannot be read becomes a ``BadCall``.
    """
    try:
        return _message(decode_json(body))
    except RpcError as error:
        return _refused(error)


def read_query(query: str, *, jsonp: bool) -> Message:
    """Read the query of a GET: ``method``, ``id`` and base64 ``params``.

    Without method and id the decoded params are a whole request or batch. Only params
    are percent-decoded, as aria2 does it: a ``+`` in an id stays one.
    """
    fields = dict(part.partition("=")[::2] for part in query.split("&"))
    method, call_id = fields.get("method", ""), fields.get("id", "")
    callback = fields.get("jsoncallback") if jsonp else None
    if callback is not None and not _CALLBACK.fullmatch(callback):
        return _refused(invalid_request())
    try:
        params = _decode_params(fields.get("params", ""))
        if not method and not call_id:
            found = _message(params)
        elif method and call_id:
            request = {"id": call_id, "method": method}
            found = Message((read_call(request | ({} if params is None else {"params": params})),))
        else:
            raise invalid_request()
    except RpcError:
        found = _refused(invalid_request())
    return Message(found.calls, found.is_batch, callback)


def _decode_params(text: str) -> object:
    if not text:
        return None
    try:
        raw = base64.b64decode(unquote_to_bytes(text), validate=True)
    except binascii.Error as error:
        raise invalid_request() from error
    return decode_json(raw)


def decode_json(body: bytes) -> object:
    """Decode JSON text, with bounds on nesting and numbers.

    Raises:
        RpcError: it is no such text.
    """
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise parse_error() from error
    if not _is_plain(value):
        raise parse_error()
    return value


def _is_plain(value: object) -> bool:
    """Whether nesting and numbers stay within bounds. Walks without recursion."""
    level: list[object] = [value]
    for _ in range(MOST_LEVELS):
        if any(_is_huge(item) for item in level):
            return False
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level = inner
    return not any(isinstance(item, dict | list) or _is_huge(item) for item in level)


def _is_huge(item: object) -> bool:
    return isinstance(item, int | float) and abs(item) >= _LARGEST


def _message(value: object) -> Message:
    if isinstance(value, dict):
        return Message((read_call(value),))
    if isinstance(value, list):
        requests = [item for item in value if isinstance(item, dict)]
        if len(requests) > MOST_CALLS:
            raise invalid_request()
        return Message(tuple(read_call(item) for item in requests), is_batch=True)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise parse_error()
    raise invalid_request()


def read_call(request: dict[str, object]) -> Call | BadCall:
    """Check one request object. An ``id`` may be anything, but it must be there."""
    if "id" not in request:
        return BadCall(None, invalid_request())
    call_id = _whole_numbers(request["id"])
    method, params = request.get("method"), request.get("params", [])
    if not isinstance(method, str):
        return BadCall(call_id, invalid_request())
    if not isinstance(params, list):
        return BadCall(call_id, RpcError("Invalid params.", INVALID_PARAMS))
    return Call(call_id, method, params)


def _whole_numbers(value: object) -> object:
    """Cut fractions off, as aria2 echoes ids: 1.5 comes back as 1."""
    if isinstance(value, float):
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole_numbers(value[key]) for key in sorted(value)}
    return value


def _refused(error: RpcError) -> Message:
    return Message((BadCall(None, error),))


def http_status(message: Message, replies: Sequence[Reply]) -> int:
    """Return the HTTP status of a reply; a batch is always 200."""
    error = None if message.is_batch else replies[0].error
    return 200 if error is None else error.reply_status


def encode_replies(message: Message, replies: Sequence[Reply]) -> bytes:
    """Return the JSON text of a reply, wrapped when a callback was asked for."""
    bodies = [reply.body() for reply in replies]
    text = msgspec.json.encode(bodies if message.is_batch else bodies[0])
    if message.callback is None:
        return text
    return b"%s(%s)" % (message.callback.encode(), text)
