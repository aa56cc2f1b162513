"""How Surge words success and failure: compact JSON with a newline, errors as plain text."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.responses import PlainTextResponse, Response

from tui_dl.domain.errors import ErrorCode, Failure


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A handler's way out with a status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def json_reply(content: Any, status: int = 200) -> Response:
    """Return compact JSON and a newline."""
    return Response(to_json(content) + b"\n", status, media_type="application/json")


def to_json(content: Any) -> bytes:
    """Return compact JSON."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a folder whose name is no UTF-8
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def text_reply(status: int, text: str) -> Response:
    """Return one line of plain text; line breaks inside become blanks."""
    return PlainTextResponse(" ".join(text.split()) + "\n", status)


def refused_by(failure: Failure, id_: str = "") -> Refused:
    """Return the refusal for an action that the engine did not take."""
    if failure.code is ErrorCode.UNKNOWN_DOWNLOAD:
        return Refused(404, "download not found" + (f": {id_}" if id_ else ""))
    return Refused(STATUS_OF.get(failure.code, 500), failure.message)


STATUS_OF = {
    ErrorCode.INVALID_URL: 400,
    ErrorCode.UNSUPPORTED_SCHEME: 400,
    ErrorCode.INVALID_OPTION: 400,
    ErrorCode.NOT_WRITABLE: 403,
    ErrorCode.NOT_ALLOWED_NOW: 409,
    ErrorCode.UNKNOWN_DOWNLOAD: 404,
}
