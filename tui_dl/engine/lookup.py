"""Questions to servers beside a download: a small document, or what a link would give.

Must not write files or change records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from tui_dl.domain.content_disposition import parse_content_disposition
from tui_dl.domain.digest_fields import parse_digest_fields
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.model import Digest, DownloadOptions, Source, Validators
from tui_dl.domain.names import choose_name
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.cookie_file import load_cookies
from tui_dl.engine.source import LinkSource
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.cookies import job_jar
from tui_dl.net.identity import read_head
from tui_dl.net.request import HttpRequest
from tui_dl.net.status import error_for_status

WANT_DIGESTS = ("Want-Repr-Digest", "sha-512=3, sha-256=10")
"""RFC 9530 section 4: servers may state digests only to those who ask."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a server says of the file behind a link, without its bytes."""

    name: str
    final_url: str
    size_bytes: int | None
    has_ranges: bool
    validators: Validators
    digests: tuple[Digest, ...]
    content_type: str | None


@asynccontextmanager
async def opened_client(config: EngineConfig) -> AsyncIterator[HttpClient]:
    """Yield a client for questions without an engine, and close it."""
    client = HttpClient(ClientConfig(user_agent=config.user_agent))
    try:
        yield client
    finally:
        await client.aclose()


async def read_document(
    client: HttpClient, source: LinkSource, most_bytes: int, *, accept: str | None = None
) -> bytes:
    """Return a small document whole.

    Raises:
        TransferError: no reply, another status than 200, or more than ``most_bytes``.
        UsageError: the URL cannot be sent.
    """
    request = source.request(None, None, Validators())
    reply = await client.open(_with_field(request, ("Accept", accept)) if accept else request)
    try:
        if reply.status != 200:
            raise error_for_status(reply.status, reply.headers, source.host, datetime.now(UTC))
        body = await reply.read(most_bytes + 1)
    finally:
        await reply.aclose()
    if len(body) > most_bytes:
        raise TransferError(
            f"The document at {source.host} is longer than {most_bytes} bytes.",
            code=ErrorCode.UNEXPECTED_CONTENT,
            retryable=False,
        )
    return body


async def look_at(
    client: HttpClient, url: str, options: DownloadOptions, config: EngineConfig
) -> Look:
    """Ask for one byte of the file behind ``url`` and return what the head says.

    Raises:
        TransferError: no reply, or one without a file.
        UsageError: the URL cannot be sent, or the cookie file cannot be read.
    """
    source = link_beside(url, url, options, config, Source.LOCAL)
    request = _with_field(source.request(0, 1, Validators()), WANT_DIGESTS)
    reply = await client.open(request)
    try:
        if reply.status not in (200, 206, 416):
            raise error_for_status(reply.status, reply.headers, source.host, datetime.now(UTC))
        head = read_head(reply.status, reply.headers, reply.content_length)
        dispositions = reply.headers.raw("content-disposition")
        has_ranges = reply.status != 200
        total = head.content_range.total if head.content_range else None
        return Look(
            name=choose_name(
                wanted=options.out,
                disposition=parse_content_disposition(dispositions[0]) if dispositions else None,
                url_target=parse_url(url).target,
                content_type=head.content_type,
                fallback="download",
            ),
            final_url=reply.url,
            size_bytes=total if has_ranges else head.content_length,
            has_ranges=has_ranges,
            validators=head.validators,
            digests=parse_digest_fields(tuple(reply.headers.items()), whole=not has_ranges),
            content_type=head.content_type,
        )
    finally:
        await reply.aclose()


def link_beside(
    url: str, secrets_for: str, options: DownloadOptions, config: EngineConfig, origin: Source
) -> LinkSource:
    """Return the link of something that belongs to a download, such as its list of digests.

    Headers, credentials and referer go there only if it has the origin of ``secrets_for``.

    Raises:
        UsageError: the cookie file cannot be read.
    """
    jar = load_cookies(options.cookie_file) if options.cookie_file else job_jar()
    return LinkSource(url, options, config, origin, jar, secrets_for=secrets_for)


def _with_field(request: HttpRequest, field: tuple[str, str]) -> HttpRequest:
    """Return the request with one field more, unless the user set it."""
    if any(name.lower() == field[0].lower() for name, _ in request.headers):
        return request
    return replace(request, headers=(*request.headers, field))
