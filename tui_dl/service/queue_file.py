"""The queue as a JSON document: what ``tui-dl export`` writes and ``import`` reads. Pure.

It holds what is wanted, not what has arrived: an import starts each file anew, or goes on
with the download of the same link, folder and name that is in the list already. Secrets
and names of files that would be read or written stay out unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, DownloadRecord, Status
from tui_dl.domain.priority import check_priority
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted, without_credentials
from tui_dl.domain.urls import parse_url
from tui_dl.net.request import check_user_headers
from tui_dl.service.remote_wire import public_options

FORMAT = "tui-dl-queue"
VERSION = 1
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One download of the document."""

    url: str
    directory: str
    options: DownloadOptions = DownloadOptions()
    is_paused: bool = False
    lost_secrets: bool = False
    """The URL cannot be fetched as it stands here."""


@dataclass(frozen=True, slots=True)
class QueueFile:
    """The whole document. ``version`` grows when an older reader would misread it."""

    format: str
    version: int
    exported_at: datetime
    downloads: tuple[QueueItem, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a document asks for."""

    requests: tuple[AddRequest, ...]
    without_link: int
    """Entries whose URL lost its secrets."""


def write_queue(records: Iterable[DownloadRecord], now: datetime, *, with_secrets: bool) -> bytes:
    """Return the document of all that is not completed, in the order given."""
    items = tuple(
        _item(record, with_secrets=with_secrets)
        for record in records
        if record.status is not Status.COMPLETED
    )
    document = msgspec.json.encode(QueueFile(FORMAT, VERSION, now, items))
    return msgspec.json.format(document, indent=1) + b"\n"


def _item(record: DownloadRecord, *, with_secrets: bool) -> QueueItem:
    is_paused = record.status in (Status.PAUSED, Status.FAILED, Status.CANCELLED)
    if with_secrets:
        return QueueItem(record.url, record.directory, record.options, is_paused)
    options = replace(
        _without_files(public_options(record.options)),
        http_user=None,
        mirrors=tuple(m for m in record.options.mirrors if redacted(m) == m),
        pieces=record.options.pieces,
    )
    options = replace(
        options,
        referer=_unless_secret(options.referer),
        checksum_from=_unless_secret(options.checksum_from),
    )
    # A login in the URL may be given anew; a signature in it is the link.
    url = redacted(record.url)
    is_broken = url != without_credentials(record.url)
    return QueueItem(url, record.directory, options, is_paused, lost_secrets=is_broken)


def _unless_secret(url: str | None) -> str | None:
    return None if url is None or redacted(url) != url else url


def _without_files(options: DownloadOptions) -> DownloadOptions:
    """Return the options without files of this machine that they would read or write."""
    return replace(
        options,
        ca_certificate=None,
        cookie_file=None,
        netrc_file=None,
        save_cookies=None,
        certificate=None,
        private_key=None,
        adopt=None,
    )


def read_queue(data: bytes, *, with_secrets: bool) -> Imported:
    """Return the requests of a document; all of them are well-formed.

    Without ``with_secrets`` it may not name files to read or write: somebody else may
    have written it.

    Raises:
        UsageError: it is no such document, a newer one, or an entry is wrong.
    """
    try:
        document = msgspec.json.decode(data, type=QueueFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"This is no exported queue: {error}.") from error
    if document.format != FORMAT:
        raise UsageError(f"This is no exported queue: its format is {document.format!r}.")
    if document.version != VERSION:
        raise UsageError(
            f"The queue has version {document.version}; this tui-dl reads version {VERSION}."
        )
    for number, item in enumerate(document.downloads, start=1):
        _check(number, item, with_secrets=with_secrets)
    return Imported(
        tuple(
            AddRequest(item.url, item.directory, item.options, paused=item.is_paused)
            for item in document.downloads
            if not item.lost_secrets
        ),
        sum(item.lost_secrets for item in document.downloads),
    )


def _check(number: int, item: QueueItem, *, with_secrets: bool) -> None:
    options = item.options
    try:
        for url in (item.url, *options.mirrors):
            parse_url(url)
        check_user_headers(options.headers)
        check_priority(options.priority)
    except UsageError as error:
        raise UsageError(f"Download {number} of the queue: {error.message}") from error
    if not Path(item.directory).is_absolute():
        raise UsageError(f"Download {number} of the queue: its folder must be a whole path.")
    if options.start_at is not None and options.start_at.tzinfo is None:
        raise UsageError(f"Download {number} of the queue: its start time has no zone.")
    if not with_secrets and _without_files(options) != options:
        raise UsageError(
            f"Download {number} of the queue names files to read or write; if you trust the "
            "document, import it with --with-secrets."
        )
