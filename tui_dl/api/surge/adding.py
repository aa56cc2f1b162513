"""From the body of POST /download to an ``AddRequest``. Pure but for resolving folders.

The browser extension hands over every header that it captured, so what would break
ranges or resuming is dropped here without a word; the engine refuses it from others.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar

import msgspec

from tui_dl.api.ids import checked_id
from tui_dl.api.surge.replies import Refused
from tui_dl.domain.errors import TuiDlError, UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Source
from tui_dl.domain.urls import parse_url

MOST_CONNECTIONS = 64
MOST_IN_BATCH = 10_000

DROPPED_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "range",
        "if-range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "accept-encoding",
        "expect",
        "te",
        "trailer",
        "upgrade",
        "upgrade-insecure-requests",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
    }
)
"""Captured from a browser's request they would frame, condition or compress ours (S11)."""

_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_KEY_SPACE = uuid.UUID("4f0c51f1-6a4e-4ee2-8cf2-0d1b7a7b5b0a")
_LONGEST_KEY = 255

Wanted = TypeVar("Wanted")


class DownloadBody(msgspec.Struct):
    """The body of POST /download. Unknown fields are ignored, null is the default."""

    url: str | None = None
    filename: str | None = None
    path: str | None = None
    relative_to_default_dir: bool | None = None
    mirrors: list[str] | None = None
    skip_approval: bool | None = None
    headers: dict[str, str] | None = None
    is_explicit_category: bool | None = None
    workers: int | None = None
    min_chunk_size: int | None = None
    id: str | None = None


class BatchBody(msgspec.Struct):
    """The body of POST /download/batch."""

    downloads: list[DownloadBody] | None = None
    path: str | None = None
    skip_approval: bool | None = None


class UrlBody(msgspec.Struct):
    """The body of PUT /update-url."""

    url: str | None = None


def decode(body: bytes, kind: type[Wanted], prefix: str = "invalid json: ") -> Wanted:
    """Read a JSON body strictly.

    Raises:
        Refused: 400, it is no JSON, of another shape, or nested too deep.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(400, f"{prefix}{error}") from error
    except RecursionError as error:
        raise Refused(400, f"{prefix}nested too deep") from error


def client_id(*candidates: str | None, key: str | None = None) -> str | None:
    """Return the id that a client chose, or one made from its Idempotency-Key (trap S19).

    Raises:
        Refused: 400, the id is no UUID or the key is too long.
    """
    chosen = next((text for text in candidates if text), None)
    if chosen is not None:
        try:
            return checked_id(chosen)
        except UsageError as error:
            raise Refused(400, error.message) from error
    if not key:
        return None
    if len(key) > _LONGEST_KEY:
        raise Refused(400, "invalid Idempotency-Key: it is too long")
    return str(uuid.uuid5(_KEY_SPACE, key))


def build_request(
    body: DownloadBody, resolve: Callable[[str | None], str], directory: str, id_: str | None
) -> AddRequest:
    """Return the request that a body asks for.

    ``resolve`` turns a wanted folder into an allowed absolute one, ``directory`` is the
    default folder.

    Raises:
        Refused: 400 or 403, with Surge's own texts where it has some.
    """
    if not body.url or not body.url.strip():
        raise Refused(400, "url is required")
    urls = split_mirrors(body.url.strip(), body.mirrors or [])
    try:
        for url in urls:
            parse_url(url)
        headers, user_agent, referer = sort_headers(body.headers or {})
        options = DownloadOptions(
            out=_filename(body.filename),
            connections=_connections(body.workers or 0),
            headers=headers,
            user_agent=user_agent,
            referer=referer,
            mirrors=tuple(dict.fromkeys(url for url in urls[1:] if url != urls[0])),
        )
        folder = resolve(_path(body, directory))
    except TuiDlError as error:
        status = 403 if error.code == "not_writable" else 400
        raise Refused(status, error.message) from error
    return AddRequest(
        url=urls[0],
        directory=folder,
        options=options,
        source=Source.API,
        id=id_,
        added_by="surge",
    )


def split_mirrors(url: str, mirrors: list[str]) -> list[str]:
    """Return the primary and then the mirrors.

    Without mirrors a url may be a list: a comma parts two of them only where http:// or
    https:// follows, because a comma may also belong to a URL.
    """
    if mirrors:
        return [url, *(text.strip() for text in mirrors if text.strip())]
    return [piece.strip() for piece in re.split(r",(?=\s*https?://)", url) if piece.strip()]


def sort_headers(
    headers: Mapping[str, str],
) -> tuple[tuple[tuple[str, str], ...], str | None, str | None]:
    """Return the headers to keep, the user agent and the referer."""
    kept: list[tuple[str, str]] = []
    user_agent = referer = None
    for name, value in headers.items():
        lower = name.strip().lower()
        if lower == "user-agent":
            user_agent = value.strip() or None
        elif lower == "referer":
            referer = value.strip() or None
        elif lower and not lower.startswith(":") and lower not in DROPPED_HEADERS:
            kept.append((name.strip(), value.strip()))
    return tuple(kept), user_agent, referer


def url_key(url: str) -> str:
    """Return what Surge's duplicate test compares: one trailing slash does not count."""
    return url.removesuffix("/")


def _filename(text: str | None) -> str | None:
    if not text:
        return None
    if ".." in text or "/" in text or "\\" in text or "\0" in text:
        raise Refused(400, "invalid filename")
    return text


def _connections(workers: int) -> int | None:
    return min(workers, MOST_CONNECTIONS) if workers > 0 else None


def _path(body: DownloadBody, directory: str) -> str | None:
    text = body.path or ""
    if not text:
        return None
    if _WINDOWS_PATH.match(text):
        text = _below_default(text, directory)
    if ".." in re.split(r"[/\\]", text) or "\0" in text:
        raise Refused(400, "invalid path")
    if body.relative_to_default_dir and PurePosixPath(text).is_absolute():
        raise Refused(400, "invalid path")
    return text


def _below_default(text: str, directory: str) -> str:
    """Return the part of a browser's Windows path below a folder named like our default."""
    parts = PureWindowsPath(text).parts
    base = PurePosixPath(directory).name
    if base not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index(base)
    return "/".join(parts[at + 1 :])
