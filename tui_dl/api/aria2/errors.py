"""Errors of the dialect: what a call answers, and the number of a failed download.

Owns every sentence that clients compare by text (recorded from aria2 1.36). Must not
decide when one is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tui_dl.domain.errors import ErrorCode, Failure, UsageError

FAILED = 1
"""The one code of everything that goes wrong inside a method."""
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
PARSE_ERROR = -32700

UNAUTHORIZED = "Unauthorized"

_HTTP_STATUS = {INVALID_PARAMS: 500, PARSE_ERROR: 500}


class RpcError(UsageError):
    """An error that goes to the client as it is."""

    def __init__(self, message: str, wire_code: int = FAILED) -> None:
        super().__init__(message)
        self.wire_code = wire_code

    @property
    def reply_status(self) -> int:
        """Status of an HTTP reply that holds nothing but this error."""
        return _HTTP_STATUS.get(self.wire_code, 400)

    def body(self) -> dict[str, object]:
        """Return the error member of a reply."""
        return {"code": self.wire_code, "message": self.message}


def invalid_request() -> RpcError:
    """Return the answer to something that is no call."""
    return RpcError("Invalid Request.", INVALID_REQUEST)


def parse_error() -> RpcError:
    """Return the answer to something that is no JSON."""
    return RpcError("Parse error.", PARSE_ERROR)


def bad_option(name: str, why: str = "") -> RpcError:
    """Return the answer to an option value that is not understood."""
    text = f"We encountered a problem while processing the option '--{name}'."
    return RpcError(f"{text} {why}" if why else text)


def not_found(gid: str) -> RpcError:
    """Return the answer to a gid that no download has."""
    return RpcError(f"GID {gid} is not found")


_DOWNLOAD_CODES: Mapping[ErrorCode, int] = MappingProxyType(
    {
        ErrorCode.INVALID_OPTION: 28,
        ErrorCode.UNKNOWN_HOST: 19,
        ErrorCode.CONNECT_FAILED: 6,
        ErrorCode.TIMEOUT: 2,
        ErrorCode.CONNECTION_LOST: 6,
        ErrorCode.TRUNCATED: 6,
        ErrorCode.PROTOCOL: 22,
        ErrorCode.RANGE_IGNORED: 8,
        ErrorCode.RANGE_MISMATCH: 8,
        ErrorCode.RANGE_UNSATISFIABLE: 8,
        ErrorCode.RESOURCE_CHANGED: 8,
        ErrorCode.PART_CHANGED: 8,
        ErrorCode.NOT_FOUND: 3,
        ErrorCode.FORBIDDEN: 22,
        ErrorCode.NEEDS_LOGIN: 24,
        ErrorCode.NEEDS_NEW_LINK: 22,
        ErrorCode.HTTP_STATUS: 22,
        ErrorCode.BUSY: 29,
        ErrorCode.OFFLINE: 6,
        ErrorCode.TOO_MANY_REDIRECTS: 23,
        ErrorCode.REDIRECT_REFUSED: 23,
        ErrorCode.UNEXPECTED_CONTENT: 22,
        ErrorCode.PROXY: 6,
        ErrorCode.DIGEST_MISMATCH: 32,
        ErrorCode.DISK_FULL: 9,
        ErrorCode.NOT_WRITABLE: 15,
        ErrorCode.DISK_IO: 17,
        ErrorCode.TARGET_LOST: 17,
        ErrorCode.NAME_TAKEN: 13,
        ErrorCode.FILE_TOO_LARGE: 16,
    }
)
_STATUS_CODES: Mapping[int, int] = MappingProxyType({401: 24, 404: 3, 502: 29, 503: 29, 504: 29})

OK_CODE = "0"
REMOVED_CODE = "31"
_UNKNOWN_CODE = 1
_BAD_STATUS_CODE = 22


def download_error_code(failure: Failure) -> str:
    """Return aria2's number for why a download failed; 1 is "unknown"."""
    status = failure.http_status
    if status is not None and status >= 400:
        return str(_STATUS_CODES.get(status, _BAD_STATUS_CODE))
    return str(_DOWNLOAD_CODES.get(failure.code, _UNKNOWN_CODE))
