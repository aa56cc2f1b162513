"""What an error of one connection means for the rest. Decisions only.

Must not wait, start or stop anything.
"""

from __future__ import annotations

from enum import Enum

from tui_dl.domain.errors import DiskError, ErrorCode, TransferError, TuiDlError
from tui_dl.engine.facts import GenerationChangedError
from tui_dl.engine.promises import NotListedError
from tui_dl.engine.source import LinkSource
from tui_dl.net.status import LINK_STATUSES


class Reaction(Enum):
    """How far an error reaches."""

    STOP_FILE = "stop file"
    """The disk, or the resource itself: no connection can go on."""
    NEW_GENERATION = "new generation"
    """Bytes that were read again differ: the file is another one."""
    LINK_IS_DEAD = "link is dead"
    """What servers say to a link that has expired (trap H29)."""
    FEWER_CONNECTIONS = "fewer connections"
    """The server may just have too many of them (trap H35)."""
    ONE_CONNECTION = "one connection"


def react(error: TuiDlError, *, had_bytes: bool) -> Reaction:
    """Return how far an error reaches; ``had_bytes`` is whether its connection ever gave any."""
    if isinstance(error, DiskError | GenerationChangedError | NotListedError):
        return Reaction.STOP_FILE
    if error.code is ErrorCode.RESOURCE_CHANGED:
        return Reaction.NEW_GENERATION
    if error.http_status in LINK_STATUSES:
        return Reaction.LINK_IS_DEAD
    lost = error.code in (ErrorCode.CONNECTION_LOST, ErrorCode.CONNECT_REFUSED)
    if error.code is ErrorCode.BUSY or (lost and not had_bytes):
        return Reaction.FEWER_CONNECTIONS
    return Reaction.ONE_CONNECTION


DUMB_REFUSALS = frozenset(
    {
        ErrorCode.CONNECTION_LOST,
        ErrorCode.TIMEOUT,
        ErrorCode.PROTOCOL,
        ErrorCode.TRUNCATED,
        ErrorCode.RANGE_MISMATCH,
    }
)
"""How servers that cannot bear a Range field end a request without a status."""

NOT_ABOUT_RANGES = LINK_STATUSES - {403} | {407, 429, 451, 503}


def refined(
    error: TuiDlError, reaction: Reaction, source: LinkSource, asked_url: str, *, has_bytes: bool
) -> TuiDlError:
    """Return what an error means for this link: ``has_bytes`` is whether it ever gave any."""
    if reaction is Reaction.LINK_IS_DEAD:
        return link_expired(error, source, asked_url, has_bytes=has_bytes)
    return _hopeful(error, has_bytes=has_bytes)


def _hopeful(error: TuiDlError, *, has_bytes: bool) -> TuiDlError:
    """Let a link that gave bytes be tried again after an odd answer, such as a lone 400."""
    if error.retryable or not has_bytes or error.code is not ErrorCode.HTTP_STATUS:
        return error
    return TransferError(error.message, code=error.code, http_status=error.http_status)


def may_be_about_ranges(error: TuiDlError, *, has_bytes: bool) -> bool:
    """Return whether the file might come to a request without a Range field.

    Some servers answer any Range, or If-Range, with an error, break off, or never answer.
    """
    if error.http_status is None:
        return error.code in DUMB_REFUSALS
    if error.code is ErrorCode.FORBIDDEN:
        return not has_bytes
    return error.http_status not in NOT_ABOUT_RANGES and error.code is ErrorCode.HTTP_STATUS


def link_expired(
    error: TuiDlError, source: LinkSource, asked_url: str, *, has_bytes: bool
) -> TuiDlError:
    """Return the error that a refused link becomes.

    A worker that asked an address which was resolved anew meanwhile says nothing. A link
    that had worked, or that came by redirect, is resolved once more from the original URL.
    When that does not help either, the user has to find a new link.
    """
    is_stale = asked_url != source.current_url
    was_redirected = source.current_url != source.url
    if is_stale or ((has_bytes or was_redirected) and source.may_resolve_again()):
        return TransferError(
            f"{error.message} The original link is asked again.",
            code=error.code,
            retryable=True,
            http_status=error.http_status,
        )
    if has_bytes:
        return TransferError(
            f"The link does not work any more: {error.message}",
            code=ErrorCode.NEEDS_NEW_LINK,
            retryable=False,
            http_status=error.http_status,
        )
    return error
