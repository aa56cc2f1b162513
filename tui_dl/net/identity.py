"""What a reply is, measured against what was asked and what is known. Pure decisions.

Must not read a body or touch a connection: it judges heads, before the first byte is
written. RFC 9110 sections 13.1.5 (If-Range), 14.4 (Content-Range), 15.3.7 (206) and
15.5.17 (416) are the source.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from tui_dl.domain.http_fields import (
    ContentRange,
    UnsatisfiedRange,
    is_html,
    is_multipart_byteranges,
    parse_content_range,
    validators_from,
)
from tui_dl.domain.model import Validators
from tui_dl.domain.quick_dataclass import dataclass


class HeadersLike(Protocol):
    """The part of a reply's headers that is read here."""

    def get(self, name: str) -> str | None:
        """Return the first value."""

    def get_all(self, name: str) -> list[str]:
        """Return all values."""


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier replies of this generation told."""

    total: int | None = None
    validators: Validators = Validators()
    content_type: str | None = None
    validators_rotate: bool = False
    """The server makes up a new tag for each reply: tags prove nothing here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The range that the request named: half-open, ``end`` ``None`` is to the end."""

    start: int
    end: int | None
    ranged: bool = True
    """Whether a Range header was sent at all."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a reply, parsed once."""

    status: int
    content_length: int | None
    content_range: ContentRange | UnsatisfiedRange | None
    has_content_range: bool
    content_type: str | None
    content_encoding: str | None
    validators: Validators


class Verdict(StrEnum):
    """What to do with the body."""

    PART = "part"
    """Write it, from ``Judgement.start`` on."""
    WHOLE = "whole"
    """The body is the whole resource, from byte 0."""
    EMPTY = "empty"
    """The resource has no bytes."""
    CHANGED = "changed"
    """The resource is another one now; a 200's body is the new one, from byte 0."""
    START_OVER = "start_over"
    """The file came whole and nobody can tell whether it is the same: begin at byte 0."""
    RANGE_IGNORED = "range_ignored"
    """Same resource, but the server sends it whole."""
    REFUSED = "refused"
    """Must not be written; ask again, then without ranges."""
    UNEXPECTED = "unexpected"
    """Something else in place of the file, such as a login page. Try later."""
    UNSATISFIABLE = "unsatisfiable"
    """416 that does not tell why: ask without a range."""
    RESIZED = "resized"
    """The same version by its strong validator, of another size: one of the sizes is wrong."""
    COMPLETE = "complete"
    """What is here is the whole resource: its size was wrong before. The body is not needed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, its reason in words, and where the body belongs (half-open)."""

    verdict: Verdict
    reason: str = ""
    start: int = 0
    end: int | None = None
    total: int | None = None
    coding: str | None = None
    """The body of a whole reply is coded and must be undone; its length says nothing."""


def read_head(
    status: int, headers: HeadersLike, content_length: int | None, *, keep_coding: bool = False
) -> Head:
    """Parse the fields that tell what a body is.

    ``keep_coding``: the coded bytes are the file itself, its coding is none.
    """
    ranges = headers.get_all("content-range")
    parsed = parse_content_range(ranges[0]) if len(ranges) == 1 else None
    return Head(
        status=status,
        content_length=content_length,
        content_range=parsed,
        has_content_range=bool(ranges),
        content_type=headers.get("content-type"),
        content_encoding=None if keep_coding else headers.get("content-encoding"),
        validators=validators_from(
            headers.get("etag"), headers.get("last-modified"), headers.get("date")
        ),
    )


def judge(head: Head, asked: Asked, known: Known) -> Judgement:
    """Decide what a 200, 206 or 416 is. Other statuses are errors and never come here."""
    if head.status == 206:
        return _judge_part(head, asked, known)
    if head.status == 416:
        return _judge_unsatisfied(head, asked, known)
    return _judge_whole(head, known)


def same_version(known: Validators, new: Validators, *, rotate: bool) -> bool | None:
    """Compare validators: ``False`` differs, ``True`` agrees, ``None`` nothing to compare."""
    if not rotate and known.etag is not None and new.etag is not None:
        return _opaque(known.etag) == _opaque(new.etag) and (
            known.etag == new.etag or known.strong is None
        )
    if known.last_modified is not None and new.last_modified is not None:
        return known.last_modified == new.last_modified
    return None


def _opaque(etag: str) -> str:
    return etag[2:] if etag.startswith(("W/", "w/")) else etag


def _judge_part(head: Head, asked: Asked, known: Known) -> Judgement:
    if is_multipart_byteranges(head.content_type):
        return Judgement(Verdict.REFUSED, "the server packed the range into a multipart body")
    if _is_encoded(head.content_encoding):
        return Judgement(Verdict.REFUSED, f"the range came encoded as {head.content_encoding}")
    span = head.content_range
    if not isinstance(span, ContentRange):
        what = "a malformed" if head.has_content_range else "no"
        return Judgement(Verdict.REFUSED, f"the partial reply has {what} Content-Range")
    if span.start > asked.start or span.end <= asked.start:
        return Judgement(
            Verdict.REFUSED,
            f"asked for bytes from {asked.start}, the server sent {span.start}-{span.end - 1}",
        )
    if asked.end is not None and span.end > asked.end:
        return Judgement(
            Verdict.REFUSED,
            f"asked for bytes up to {asked.end - 1}, the server sent up to {span.end - 1}",
        )
    if head.content_length is not None and head.content_length != span.end - span.start:
        return Judgement(
            Verdict.REFUSED,
            f"Content-Length {head.content_length} contradicts Content-Range",
        )
    if same_version(known.validators, head.validators, rotate=known.validators_rotate) is False:
        return Judgement(Verdict.CHANGED, "the server's version tag changed")
    if known.total is not None and span.total is not None and span.total != known.total:
        return _other_size(head, known, span.total)
    return Judgement(Verdict.PART, start=span.start, end=span.end, total=span.total)


def _judge_whole(head: Head, known: Known) -> Judgement:
    coding = head.content_encoding if _is_encoded(head.content_encoding) else None
    total = head.content_length if coding is None else None
    whole = Judgement(Verdict.WHOLE, start=0, end=total, total=total, coding=coding)
    if isinstance(head.content_range, ContentRange):
        span = head.content_range
        if span.start != 0 or (total is not None and span.end - span.start != span.total):
            return Judgement(Verdict.REFUSED, "a whole reply (200) came with a Content-Range")
    if known.total is None and known.validators == Validators():
        return whole
    if is_html(head.content_type) and not is_html(known.content_type):
        return Judgement(Verdict.UNEXPECTED, "the server sent a web page in place of the file")
    same = same_version(known.validators, head.validators, rotate=known.validators_rotate)
    size_agrees = total is None or known.total is None or total == known.total
    if same and size_agrees and known.validators.strong is not None:
        return Judgement(
            Verdict.RANGE_IGNORED,
            "the server stopped serving ranges",
            start=0,
            end=known.total if total is None else total,
            total=total,
            coding=coding,
        )
    if same and known.validators.strong is not None and total is not None:
        return _other_size(head, known, total)
    if same is not False and size_agrees:
        reason = "the server sends the file whole and does not tell its version"
        return Judgement(Verdict.START_OVER, reason, start=0, end=total, total=total)
    reason = "the file on the server is another one now"
    return Judgement(Verdict.CHANGED, reason, start=0, end=total, total=total)


def _judge_unsatisfied(head: Head, asked: Asked, known: Known) -> Judgement:
    total = head.content_range.total if isinstance(head.content_range, UnsatisfiedRange) else None
    if total == 0 and asked.start == 0 and known.total in (None, 0):
        return Judgement(Verdict.EMPTY, total=0)
    if total is not None and known.total is not None and total != known.total:
        return _other_size(head, known, total)
    return Judgement(Verdict.UNSATISFIABLE, "the server refused the range", total=total)


def _other_size(head: Head, known: Known, total: int) -> Judgement:
    """Judge a reply that names another size: another version, or one of two sizes is wrong."""
    same = same_version(known.validators, head.validators, rotate=known.validators_rotate)
    is_sure = same and known.validators.strong is not None and not known.validators_rotate
    verdict = Verdict.RESIZED if is_sure else Verdict.CHANGED
    reason = f"the size was {known.total} and is {total} bytes now"
    return Judgement(verdict, reason, start=total, end=total, total=total)


def _is_encoded(content_encoding: str | None) -> bool:
    return content_encoding is not None and content_encoding.strip().lower() not in ("", "identity")
