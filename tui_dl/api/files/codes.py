"""The error codes of the files dialect, and what becomes which. Pure."""

from __future__ import annotations

from enum import StrEnum

from tui_dl.domain.errors import ErrorCode, Failure


class FilesCode(StrEnum):
    """Words that clients compare: never rename one."""

    INVALID_URL = "INVALID_URL"
    DOMAIN_BLOCKED = "DOMAIN_BLOCKED"
    DOWNLOAD_TIMEOUT = "DOWNLOAD_TIMEOUT"
    REMOTE_FILE_NOT_FOUND = "REMOTE_FILE_NOT_FOUND"
    NETWORK_ERROR = "NETWORK_ERROR"
    CANCELLED = "CANCELLED"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    INVALID_PATH = "INVALID_PATH"
    DOWNLOAD_FORBIDDEN = "DOWNLOAD_FORBIDDEN"
    ACCESS_FORBIDDEN = "ACCESS_FORBIDDEN"
    RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND"


_OF = {
    ErrorCode.INVALID_URL: FilesCode.INVALID_URL,
    ErrorCode.UNSUPPORTED_SCHEME: FilesCode.INVALID_URL,
    ErrorCode.REDIRECT_REFUSED: FilesCode.DOMAIN_BLOCKED,
    ErrorCode.TIMEOUT: FilesCode.DOWNLOAD_TIMEOUT,
    ErrorCode.NOT_FOUND: FilesCode.REMOTE_FILE_NOT_FOUND,
}


def code_of(failure: Failure | None) -> FilesCode:
    """Return the code of a failed download."""
    if failure is None:
        return FilesCode.NETWORK_ERROR
    if failure.http_status in (404, 410):
        return FilesCode.REMOTE_FILE_NOT_FOUND
    if failure.code is ErrorCode.FORBIDDEN and failure.http_status is None:
        return FilesCode.DOMAIN_BLOCKED  # refused by us: no server was asked
    return _OF.get(failure.code, FilesCode.NETWORK_ERROR)
