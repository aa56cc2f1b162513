"""The values that tui-dl's own client and server exchange, and their JSON form.

The contract's own types go over the wire as they are, so both sides agree by
construction; only secrets are taken out on the way to a client. Must not do I/O.
"""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

import msgspec

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted, without_credentials
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadEvent,
    DownloadSnapshot,
    EngineSnapshot,
)
from tui_dl.service.contract import AddResult, MoveTo

PREFIX = "tui-dl"
"""First path segment of everything here."""

Kind = TypeVar("Kind")


class Deed(StrEnum):
    """What can be asked for ids."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    REMOVE = "remove"
    MOVE = "move"
    MOVE_TO_INDEX = "move_to_index"
    SET_URL = "set_url"
    SET_OPTIONS = "set_options"
    SET_LIMIT = "set_limit"
    SET_PRIORITY = "set_priority"
    RELOCATE = "relocate"


@dataclass(frozen=True, slots=True)
class Act:
    """One deed for some ids, with what that deed needs."""

    deed: Deed
    ids: tuple[str, ...]
    with_files: bool = False
    to: MoveTo | None = None
    index: int | None = None
    url: str | None = None
    options: DownloadOptions | None = None
    limit_bps: int | None = None
    priority: int | None = None
    directory: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Additions:
    """Requests to add, in one transaction."""

    requests: tuple[AddRequest, ...]


@dataclass(frozen=True, slots=True)
class AddAnswers:
    """Their answers, in the same order."""

    results: tuple[AddResult, ...]


@dataclass(frozen=True, slots=True)
class Dials:
    """What is set for the whole engine; ``None`` stays as it is."""

    global_limit_bps: int | None = None
    default_limit_bps: int | None = None
    slots: int | None = None
    schedule: str | None = None


def encode(value: object) -> bytes:
    """Return compact JSON on one line."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # a folder whose name is no UTF-8
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode("ascii")


def decode(data: bytes, kind: type[Kind]) -> Kind:
    """Return the value of a JSON text.

    Raises:
        TransferError: ``PROTOCOL``, it is not such a value.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TransferError(
            f"The other side sent something that is not understood: {error}",
            code=ErrorCode.PROTOCOL,
            retryable=False,
        ) from error


def public_options(options: DownloadOptions) -> DownloadOptions:
    """Return the options without what a client has no business to read (trap S7).

    Links of the download itself stay whole: the app copies them and fetches them again.
    Piece hashes stay at home too: they may be a megabyte, and no client shows them.
    """
    proxy = None if options.proxy is None else without_credentials(options.proxy)
    return replace(
        options,
        headers=(),
        http_password=None,
        bearer=None,
        private_key_password=None,
        proxy=proxy,
        referer=None if options.referer is None else redacted(options.referer),
        pieces=None,
    )


def merged_options(current: DownloadOptions, given: DownloadOptions) -> DownloadOptions:
    """Return the options that a client gave, with the secrets that it could not see.

    What a client does not send stays; it can replace a secret, but not take it away.
    """
    shown = public_options(current)
    return replace(
        given,
        headers=given.headers or current.headers,
        http_password=given.http_password or current.http_password,
        bearer=given.bearer or current.bearer,
        private_key_password=given.private_key_password or current.private_key_password,
        proxy=current.proxy if given.proxy == shown.proxy else given.proxy,
        referer=current.referer if given.referer == shown.referer else given.referer,
        pieces=given.pieces or current.pieces,
    )


def public_row(row: DownloadSnapshot) -> DownloadSnapshot:
    """Return a row without secrets."""
    options = public_options(row.options)
    return row if options == row.options else replace(row, options=options)


def public_snapshot(
    snapshot: EngineSnapshot, rows: tuple[DownloadSnapshot, ...] | None = None
) -> EngineSnapshot:
    """Return a picture without secrets, of all rows or of some."""
    shown = snapshot.downloads if rows is None else rows
    return replace(snapshot, downloads=tuple(map(public_row, shown)))


def public_event(event: DownloadEvent) -> DownloadEvent:
    """Return an event without secrets."""
    return replace(event, download=public_row(event.download))


def public_details(details: DownloadDetails) -> DownloadDetails:
    """Return details without secrets: where the redirects led is often a signed link."""
    final_url = None if details.final_url is None else redacted(details.final_url)
    return replace(details, download=public_row(details.download), final_url=final_url)
