"""The digests that a download must have: the user's, and those of a list that the user named.

Owns the fetching of that list. Must not hash anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tui_dl.domain.checksum_files import MOST_BYTES, ChecksumLine, digests_for, parse_checksum_file
from tui_dl.domain.errors import TransferError, UsageError
from tui_dl.domain.model import Digest, DownloadRecord
from tui_dl.domain.names import name_from_url
from tui_dl.domain.redaction import redacted
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.lookup import link_beside, read_document
from tui_dl.net.client import HttpClient

TRIES = 3


class NotListedError(UsageError):
    """The list of digests does not name the file: no retry helps."""


class Promises:
    """What one run knows of the digests that were promised."""

    def __init__(self) -> None:
        self._lines: tuple[ChecksumLine, ...] | None = None

    async def fetch(self, record: DownloadRecord, client: HttpClient, config: EngineConfig) -> None:
        """Fetch the list of digests, if there is one to fetch.

        Raises:
            TransferError: it cannot be had.
            UsageError: its URL or the cookie file cannot be used.
        """
        url = record.options.checksum_from
        if url is None or self._lines is not None:
            return
        link = link_beside(url, record.url, record.options, config, record.source)
        for tries in range(1, TRIES + 1):
            try:
                body = await read_document(client, link, MOST_BYTES)
                break
            except TransferError as error:
                if tries == TRIES or not error.retryable:
                    raise TransferError(
                        f"The checksums at {redacted(url)} cannot be had: {error.message}",
                        code=error.code,
                        retryable=error.retryable,
                        http_status=error.http_status,
                    ) from error
                await asyncio.sleep(config.retry_base_s * tries)
        self._lines = parse_checksum_file(body.decode("utf-8", "replace"))

    def digests(self, record: DownloadRecord, final_url: str | None) -> tuple[Digest, ...]:
        """Return all digests that the file must have.

        The list is searched for the name that the server uses, then for the file's own.

        Raises:
            NotListedError: the list does not name the file.
        """
        own = record.options.digests
        url = record.options.checksum_from
        if url is None or self._lines is None:
            return own
        names = tuple(_names(record, final_url))
        try:
            return (*own, *digests_for(self._lines, names, where=redacted(url)))
        except UsageError as error:
            raise NotListedError(error.message) from error


def _names(record: DownloadRecord, final_url: str | None) -> Iterable[str]:
    for url in (record.url, final_url):
        if url is not None:
            yield name_from_url(parse_url(url).target) or ""
    yield record.name or ""
    yield record.options.out or ""
