"""More ways to say what is wanted: a curl command, the links of an index page.

Both end as what the command line says anyway: addresses and options. Must not add anything.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.config.paths import absolute
from tui_dl.domain.categories import category_named
from tui_dl.domain.display import display_text
from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.model import DownloadOptions
from tui_dl.domain.redaction import redacted
from tui_dl.domain.url_patterns import as_literal
from tui_dl.domain.urls import parse_url

if TYPE_CHECKING:
    from tui_dl.config.schema import Settings
    from tui_dl.engine.config import EngineConfig
    from tui_dl.net.client import HttpClient
    from tui_dl.net.reply import Reply

MOST_PAGE_BYTES = 8 * 1024 * 1024
_PAGES = ("text/html", "application/xhtml+xml")


def with_curl(
    text: str | None, urls: Sequence[str], options: DownloadOptions, *, is_literal: bool = False
) -> tuple[tuple[str, ...], DownloadOptions]:
    """Return the addresses and options with those of a curl command; ``-`` is standard input.

    Raises:
        UsageError: it is no curl command, or one that cannot be done.
    """
    if text is None:
        return tuple(urls), options
    from tui_dl.domain.curl import is_curl, read_curl  # not for everybody

    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not is_curl(text):
        raise UsageError("--curl takes a whole command in one word: --curl 'curl https://...'.")
    command = read_curl(text.strip(), options)
    found = command.urls
    if command.is_literal and not is_literal:
        found = tuple(map(as_literal, found))
    return (*urls, *found), command.options


def target_folder(directory: str | None, category: str | None, settings: Settings) -> Path:
    """Return where files go: into the folder that is named, or that of a category.

    Raises:
        UsageError: both are named, or there is no such category.
    """
    from tui_dl.config.categories import categories_of

    if category is None:
        return absolute(directory or ".")
    if directory is not None:
        raise UsageError("--category and -d both name a folder; give one of them.")
    return Path(category_named(category, categories_of(settings)).folder)


def options_in(
    category: str | None, options: DownloadOptions, settings: Settings
) -> DownloadOptions:
    """Return the options with what a category adds to them.

    Raises:
        UsageError: there is no such category.
    """
    from tui_dl.cli.requests import in_category
    from tui_dl.config.categories import categories_of

    if category is None:
        return options
    return in_category(options, category_named(category, categories_of(settings)))


async def find_links(
    pages: Sequence[str], pattern: str, options: DownloadOptions, config: EngineConfig
) -> tuple[str, ...]:
    """Return the links of some pages that fit ``pattern``, each once.

    Raises:
        UsageError: no page is named, or it has no such link.
        TransferError: a page cannot be had.
    """
    from tui_dl.domain.links import matching_links  # brings a parser of HTML
    from tui_dl.engine.lookup import opened_client

    if not pages:
        raise UsageError("--links takes the address of a page with links.")
    found: dict[str, None] = {}
    async with opened_client(config) as client:
        for page in pages:
            text, url = await _read_page(client, page, options, config)
            links = matching_links(text, url, pattern)
            if not links:
                raise UsageError(f"{redacted(page)} has no link of its own that fits {pattern!r}.")
            found.update(dict.fromkeys(links))
    return tuple(found)


async def _read_page(
    client: HttpClient, page: str, options: DownloadOptions, config: EngineConfig
) -> tuple[str, str]:
    """Return the text of a page and where it is in the end."""
    from datetime import UTC, datetime

    from tui_dl.domain.model import Source, Validators
    from tui_dl.engine.lookup import link_beside
    from tui_dl.net.status import error_for_status

    source = link_beside(page, page, options, config, Source.LOCAL)
    reply = await client.open(source.request(None, None, Validators()))
    try:
        if reply.status != 200:
            raise error_for_status(reply.status, reply.headers, source.host, datetime.now(UTC))
        _check_page(reply, page)
        body = await reply.read(MOST_PAGE_BYTES + 1)
    finally:
        await reply.aclose()
    if len(body) > MOST_PAGE_BYTES:
        raise _no_page(page, f"it is longer than {MOST_PAGE_BYTES} bytes")
    # Addresses are ASCII in every charset of the web.
    return body.decode("utf-8", "replace"), reply.url


def _check_page(reply: Reply, page: str) -> None:
    """Refuse what cannot be read as a page of the place that was named.

    Raises:
        TransferError: another kind of content, or a redirect to elsewhere.
    """
    if parse_url(reply.url).origin != parse_url(page).origin:
        # What was given for the page must not go along to there.
        raise _no_page(page, f"it leads to {redacted(reply.url)}; name that address")
    kind = (reply.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind not in _PAGES:
        raise _no_page(page, f"the server calls it {display_text(kind or 'nothing')}")
    if (reply.headers.get("content-encoding") or "identity").lower() != "identity":
        raise _no_page(page, "the server sends it packed although it was asked not to")


def _no_page(page: str, why: str) -> TransferError:
    return TransferError(
        f"{redacted(page)} is no page with links: {why}.",
        code=ErrorCode.UNEXPECTED_CONTENT,
        retryable=False,
    )
