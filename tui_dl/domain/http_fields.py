"""Header fields of a reply, read as values. The one door to all field parsers.

Values come as the raw header bytes decoded as Latin-1, unless a function says bytes.
Whatever a server sends, nothing here raises but ``parse_content_length``, where a wrong
value means that the body cannot be framed. Must not decide what to do about a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from tui_dl.domain.content_disposition import parse_content_disposition
from tui_dl.domain.digest_fields import parse_digest_fields, parse_repr_digest
from tui_dl.domain.http_dates import parse_http_date, parse_retry_after
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import Validators
from tui_dl.domain.quick_dataclass import dataclass

__all__ = [
    "ContentRange",
    "UnsatisfiedRange",
    "is_html",
    "is_multipart_byteranges",
    "parse_content_disposition",
    "parse_content_length",
    "parse_content_range",
    "parse_digest_fields",
    "parse_http_date",
    "parse_repr_digest",
    "parse_retry_after",
    "validators_from",
]

# 19 digits hold every 63-bit size; more is no file (trap H14).
_SIZE = "[0-9]{1,19}"
_CONTENT_RANGE = late_pattern(rf"bytes ({_SIZE})-({_SIZE})/({_SIZE}|\*)", re.IGNORECASE)
_UNSATISFIED = late_pattern(rf"bytes \*/({_SIZE}|\*)", re.IGNORECASE)
_CONTENT_LENGTH = late_pattern(_SIZE)
_ETAG = late_pattern(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]+"')


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Bytes ``start`` up to but not including ``end`` of ``total`` (``None``: unknown)."""

    start: int
    end: int
    total: int | None


@dataclass(frozen=True, slots=True)
class UnsatisfiedRange:
    """The range of a 416: only the size of the resource, if the server told it."""

    total: int | None


def parse_content_range(value: str) -> ContentRange | UnsatisfiedRange | None:
    """Read Content-Range; ``None`` for everything that is not exactly right (trap H2).

    ``bytes=0-9/10`` is a request's syntax and not right (trap H11). Ends outside the
    total, ends before the start and numbers over 19 digits are not right either.
    Source: RFC 9110 section 14.4.
    """
    text = value.strip(" \t")
    unsatisfied = _UNSATISFIED.fullmatch(text)
    if unsatisfied is not None:
        return UnsatisfiedRange(None if unsatisfied[1] == "*" else int(unsatisfied[1]))
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if last < first or (total is not None and last >= total):
        return None
    return ContentRange(first, last + 1, total)


def parse_content_length(values: Sequence[str]) -> int | None:
    """Read all Content-Length values of a reply; ``None`` when there are none.

    Equal repeats, in one field or in several, are one value (RFC 9110 section 8.6).

    Raises:
        ValueError: a value is no plain number of at most 19 digits, or two disagree.
    """
    found: set[int] = set()
    for value in values:
        for member in value.split(","):
            text = member.strip(" \t")
            if not _CONTENT_LENGTH.fullmatch(text):
                raise ValueError("Content-Length is not a plain number")
            found.add(int(text))
    if len(found) > 1:
        raise ValueError("the Content-Length values disagree")
    return found.pop() if found else None


def validators_from(etag: str | None, last_modified: str | None, date: str | None) -> Validators:
    """Collect the validators of one reply (RFC 9110 section 8.8).

    A malformed entity tag is dropped, and so is the empty one: it is legal, but servers
    send it for every version. Last-Modified is kept as sent; it is strong when Date is at
    least one second later and both can be read (trap H8).
    """
    tag = None if etag is None else etag.strip(" \t")
    if tag is not None and not _ETAG.fullmatch(tag):
        tag = None
    modified = None if last_modified is None else last_modified.strip(" \t") or None
    return Validators(
        etag=tag,
        last_modified=modified,
        last_modified_is_strong=_is_strong_date(modified, date),
    )


def is_html(content_type: str | None) -> bool:
    """Return whether the body is a web page (trap H36)."""
    return _media_type(content_type) in ("text/html", "application/xhtml+xml")


def is_multipart_byteranges(content_type: str | None) -> bool:
    """Return whether the body has MIME boundaries inside (trap H5)."""
    return _media_type(content_type) == "multipart/byteranges"


def _is_strong_date(last_modified: str | None, date: str | None) -> bool:
    """Return whether the resource had a second to settle (RFC 9110 section 8.8.2.2)."""
    if last_modified is None or date is None:
        return False
    modified, sent = parse_http_date(last_modified), parse_http_date(date)
    if modified is None or sent is None:
        return False
    return sent - modified >= timedelta(seconds=1)


def _media_type(content_type: str | None) -> str:
    """Return ``type/subtype`` in lower case, or an empty text."""
    return "" if content_type is None else content_type.partition(";")[0].strip(" \t").lower()
