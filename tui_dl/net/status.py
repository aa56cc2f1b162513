"""What an HTTP status means for a download. Owns the sentences of refused requests.

Must not decide about retries in time: it says whether one is worth while at all.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.http_fields import parse_retry_after
from tui_dl.net.identity import HeadersLike

BUSY = frozenset({429, 503})
TEMPORARY = frozenset({408, 425, 500, 502, 504, 509, 511, *range(520, 531), 598, 599})
"""Worth another try. 520 to 530 are a content network's words for an origin in trouble."""

SENTENCES: dict[int, tuple[ErrorCode, str]] = {
    401: (
        ErrorCode.NEEDS_LOGIN,
        (
            "{host} wants a login, or refuses the one it got (401). Give one with --http-user, "
            "--bearer, --load-cookies or netrc; in the app press u and write "
            "https://USER:PASSWORD@... as the link."
        ),
    ),
    403: (
        ErrorCode.FORBIDDEN,
        (
            "{host} refuses to give this file (403). If it needs a login or a page before it, give "
            "--http-user, --bearer, --load-cookies or --referer; in the app press u for a new link."
        ),
    ),
    404: (ErrorCode.NOT_FOUND, "{host} has no such file (404)."),
    407: (
        ErrorCode.PROXY,
        ("The proxy wants a login (407). Write it as --proxy http://USER:PASSWORD@HOST:PORT."),
    ),
    410: (ErrorCode.NOT_FOUND, "The file is gone from {host} for good (410)."),
    451: (ErrorCode.FORBIDDEN, "{host} may not give this file for legal reasons (451)."),
}

LINK_STATUSES = frozenset({401, 403, 404, 410})
"""What servers say to a link that has expired."""


def error_for_status(status: int, headers: HeadersLike, host: str, now: datetime) -> TransferError:
    """Return the error for a status that carries no file.

    ``now`` is aware UTC and serves Retry-After dates without a Date field.
    """
    if status in BUSY:
        wish = headers.get("retry-after")
        wait_s = None if wish is None else parse_retry_after(wish, headers.get("date"), now)
        return TransferError(
            f"{host} is busy and asks for patience ({status}).",
            code=ErrorCode.BUSY,
            retry_after_s=wait_s,
            http_status=status,
        )
    if status in SENTENCES:
        code, sentence = SENTENCES[status]
        return TransferError(
            sentence.format(host=host), code=code, retryable=False, http_status=status
        )
    return TransferError(
        f"{host} answered {status}{_phrase(status)}.",
        code=ErrorCode.HTTP_STATUS,
        retryable=status in TEMPORARY,
        http_status=status,
    )


def _phrase(status: int) -> str:
    # Our own phrase: the server's words may be anything.
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""
