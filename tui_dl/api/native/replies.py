"""Replies of our own dialect: the contract's values as JSON, failures as ``Failure``."""

from __future__ import annotations

from starlette.responses import Response

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.service.remote_wire import encode

STATUS_OF = {
    ErrorCode.INVALID_URL: 400,
    ErrorCode.UNSUPPORTED_SCHEME: 400,
    ErrorCode.INVALID_OPTION: 400,
    ErrorCode.PROTOCOL: 400,
    ErrorCode.NOT_WRITABLE: 403,
    ErrorCode.UNKNOWN_DOWNLOAD: 404,
    ErrorCode.NOT_ALLOWED_NOW: 409,
}


def json_reply(value: object, status: int = 200) -> Response:
    """Return a value of the contract."""
    return Response(encode(value), status, media_type="application/json")


def error_reply(status: int, code: ErrorCode, message: str) -> Response:
    """Return a failure of the whole request."""
    return json_reply(Failure(code, message), status)
