"""The one error tree. Owns codes, retryability and the sentence a user reads.

Must not map foreign exceptions: transport errors are mapped in ``net/errors.py``,
disk errors in ``storage/errors.py``. A ``Failure`` is the value form of an error:
it is stored with a record and crosses threads, sockets and restarts.
"""

from __future__ import annotations

from enum import StrEnum

from tui_dl.domain.quick_dataclass import dataclass


class ErrorCode(StrEnum):
    """Stable names of what can go wrong. They are stored and sent: never rename one."""

    INVALID_URL = "invalid_url"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    INVALID_OPTION = "invalid_option"
    UNKNOWN_HOST = "unknown_host"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_FAILED = "connect_failed"
    TIMEOUT = "timeout"
    TLS = "tls"
    CONNECTION_LOST = "connection_lost"
    TRUNCATED = "truncated"
    PROTOCOL = "protocol"
    RANGE_IGNORED = "range_ignored"
    RANGE_MISMATCH = "range_mismatch"
    RANGE_UNSATISFIABLE = "range_unsatisfiable"
    RESOURCE_CHANGED = "resource_changed"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    NEEDS_LOGIN = "needs_login"
    NEEDS_NEW_LINK = "needs_new_link"
    HTTP_STATUS = "http_status"
    BUSY = "busy"
    OFFLINE = "offline"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"
    UNEXPECTED_CONTENT = "unexpected_content"
    PROXY = "proxy"
    DIGEST_MISMATCH = "digest_mismatch"
    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    DISK_IO = "disk_io"
    TARGET_LOST = "target_lost"
    PART_CHANGED = "part_changed"
    NAME_TAKEN = "name_taken"
    FILE_TOO_LARGE = "file_too_large"
    STATE_LOCKED = "state_locked"
    STATE_DAMAGED = "state_damaged"
    STATE_NEWER = "state_newer"
    UNKNOWN_DOWNLOAD = "unknown_download"
    NOT_ALLOWED_NOW = "not_allowed_now"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as a value.

    ``message`` is a whole sentence for the user. It may hold words of a server, so
    every front end passes it through ``display_text`` before it shows it.
    ``retry_after_s`` is the server's own wish, in seconds, when it gave one.
    """

    code: ErrorCode
    message: str
    retryable: bool = False
    retry_after_s: float | None = None
    http_status: int | None = None


class TuiDlError(Exception):
    """Base of every error that tui-dl raises on purpose."""

    code: ErrorCode = ErrorCode.INTERNAL
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode | None = None,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = type(self).code if code is None else code
        self.retryable = type(self).retryable if retryable is None else retryable
        self.retry_after_s = retry_after_s
        self.http_status = http_status

    def failure(self) -> Failure:
        """Return the value form of this error."""
        return Failure(
            code=self.code,
            message=self.message,
            retryable=self.retryable,
            retry_after_s=self.retry_after_s,
            http_status=self.http_status,
        )


class UsageError(TuiDlError):
    """The caller asked for something that cannot be: a bad URL, option or id."""

    code = ErrorCode.INVALID_OPTION


class TransferError(TuiDlError):
    """The network or the server failed a request. Usually worth another try."""

    code = ErrorCode.CONNECTION_LOST
    retryable = True


class ReplyRefusedError(TuiDlError):
    """A reply arrived whole but must not be written: wrong range, version or kind."""

    code = ErrorCode.RANGE_MISMATCH
    retryable = True


class DiskError(TuiDlError):
    """The target or the state folder cannot take the bytes."""

    code = ErrorCode.DISK_IO


class StateError(TuiDlError):
    """The state folder is owned by another process, damaged or too new."""

    code = ErrorCode.STATE_DAMAGED
