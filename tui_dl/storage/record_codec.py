"""Turn a ``DownloadRecord`` into the bytes of a catalog row and back. Pure.

Must not touch SQLite. Rows live longer than versions of the program: a field that is
missing takes its default, a field that is unknown is ignored, nothing is renamed.
The body is ASCII JSON, so that names with lone surrogates survive too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import (
    Assurance,
    Digest,
    DownloadOptions,
    DownloadRecord,
    Moving,
    OldPart,
    PartIdentity,
    PieceHashes,
    Source,
    Status,
    Validators,
)
from tui_dl.domain.ranges import RangeSet

_Word = TypeVar("_Word", bound=StrEnum)
_Json = Mapping[str, Any]

_OPTION_DEFAULTS = DownloadOptions()
_PLAIN_OPTIONS = (
    "out",
    "connections",
    "user_agent",
    "referer",
    "limit_bps",
    "max_tries",
    "timeout_s",
    "connect_timeout_s",
    "overall_timeout_s",
    "allowed_hosts",
    "blocked_hosts",
    "proxy",
    "ca_certificate",
    "check_certificate",
    "http_user",
    "http_password",
    "cookie_file",
    "use_netrc",
    "checksum_from",
    "remote_time",
    "conditional_get",
    "sequential",
    "auth_challenge",
    "bearer",
    "netrc_file",
    "save_cookies",
    "certificate",
    "private_key",
    "private_key_password",
    "no_proxy",
    "interface",
    "ip_version",
    "http2",
    "move_to",
    "adopt",
)
"""Options that are JSON values as they stand."""


_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What strange JSON can raise on its way into a record."""


class RecordDecodeError(ValueError):
    """A body is not that of a record. The message says why, in a few words."""


def encode_record(record: DownloadRecord) -> bytes:
    """Return the body of a catalog row."""
    part, failure = record.part, record.failure
    return json.dumps(
        {
            "id": record.id,
            "gid": record.gid,
            "url": record.url,
            "directory": record.directory,
            "position": record.position,
            "created_at": _encode_time(record.created_at),
            "options": encode_options(record.options),
            "source": record.source,
            "status": record.status,
            "failure": None if failure is None else _encode_failure(failure),
            "name": record.name,
            "part_name": record.part_name,
            "part": None if part is None else _encode_part(part),
            "total_bytes": record.total_bytes,
            "synced": encode_ranges(record.synced),
            "generation": record.generation,
            "old_part": None if record.old_part is None else _encode_old_part(record.old_part),
            "etag": record.validators.etag,
            "last_modified": record.validators.last_modified,
            "last_modified_is_strong": record.validators.last_modified_is_strong,
            "final_url": record.final_url,
            "ranges_supported": record.ranges_supported,
            "assurance": record.assurance,
            "digest": None if record.digest is None else _encode_digest(record.digest),
            "elapsed_s": record.elapsed_s,
            "tries": record.tries,
            "started_at": _encode_time(record.started_at),
            "completed_at": _encode_time(record.completed_at),
            "final_modified_ns": record.final_modified_ns,
            "final_changed_ns": record.final_changed_ns,
            "final_mode": record.final_mode,
            "added_by": record.added_by,
            "moving": None if record.moving is None else _encode_moving(record.moving),
            "loaded_in": record.loaded_in,
            "remark": record.remark,
        },
        separators=(",", ":"),
    ).encode("ascii")


def decode_record(body: bytes) -> DownloadRecord:
    """Return the record of a catalog row.

    Raises:
        RecordDecodeError: the body is not JSON, lacks what a record cannot be without, or
            holds values of the wrong kind.
    """
    try:
        return _record(json.loads(body))
    except _UNREADABLE as error:
        raise RecordDecodeError(f"{type(error).__name__}: {error}") from error


def _record(fields: _Json) -> DownloadRecord:
    part, failure, digest = fields.get("part"), fields.get("failure"), fields.get("digest")
    supported, old = fields.get("ranges_supported"), fields.get("old_part")
    moving = fields.get("moving")
    created_at = _decode_time(fields["created_at"])
    if created_at is None:
        raise ValueError("no created_at")
    return DownloadRecord(
        id=_text(fields["id"]),
        gid=_text(fields["gid"]),
        url=_text(fields["url"]),
        directory=_text(fields["directory"]),
        position=int(fields["position"]),
        created_at=created_at,
        options=decode_options(fields.get("options", "{}")),
        # A source that we do not know gets the stricter rules.
        source=_word(Source, fields.get("source", Source.LOCAL), Source.API),
        status=Status(fields.get("status", Status.QUEUED)),
        failure=None if failure is None else _decode_failure(failure),
        name=_text_or_none(fields.get("name")),
        part_name=_text_or_none(fields.get("part_name")),
        part=None if part is None else PartIdentity(*map(int, part)),
        total_bytes=_int_or_none(fields.get("total_bytes")),
        synced=decode_ranges(fields.get("synced", [])),
        generation=int(fields.get("generation", 1)),
        old_part=None if old is None else _decode_old_part(old),
        validators=Validators(
            etag=_text_or_none(fields.get("etag")),
            last_modified=_text_or_none(fields.get("last_modified")),
            last_modified_is_strong=bool(fields.get("last_modified_is_strong", False)),
        ),
        final_url=_text_or_none(fields.get("final_url")),
        ranges_supported=None if supported is None else bool(supported),
        assurance=_word(
            Assurance, fields.get("assurance", Assurance.PENDING), Assurance.UNVERIFIED
        ),
        digest=None if digest is None else _decode_digest(digest),
        elapsed_s=float(fields.get("elapsed_s", 0.0)),
        tries=int(fields.get("tries", 0)),
        started_at=_decode_time(fields.get("started_at")),
        completed_at=_decode_time(fields.get("completed_at")),
        final_modified_ns=_int_or_none(fields.get("final_modified_ns")),
        final_changed_ns=_int_or_none(fields.get("final_changed_ns")),
        final_mode=_int_or_none(fields.get("final_mode")),
        added_by=_text(fields.get("added_by", "")),
        moving=None if moving is None else _decode_moving(moving),
        loaded_in=_text_or_none(fields.get("loaded_in")),
        remark=_text(fields.get("remark", "")),
    )


@lru_cache(maxsize=64)
def encode_options(options: DownloadOptions) -> str:
    """Return every field of ``options`` as a JSON object.

    It goes into the body as one text: most downloads share their options, and equal texts
    need to be read only once.
    """
    fields: dict[str, object] = {name: getattr(options, name) for name in _PLAIN_OPTIONS}
    fields["headers"] = [list(header) for header in options.headers]
    fields["digests"] = [_encode_digest(digest) for digest in options.digests]
    fields["mirrors"] = list(options.mirrors)
    fields["resolve"] = list(options.resolve)
    pieces = options.pieces
    fields["pieces"] = pieces and [
        pieces.algorithm,
        pieces.length_bytes,
        " ".join(pieces.hexes),
    ]
    fields["start_at"] = _encode_time(options.start_at)
    fields["priority"] = options.priority
    return json.dumps(fields, separators=(",", ":"))


@lru_cache(maxsize=64)
def decode_options(text: str) -> DownloadOptions:
    """Return options from the text of ``encode_options``, of any version.

    Raises:
        ValueError, TypeError: it is no JSON, or a list holds something else than it should.
    """
    fields: _Json = json.loads(text)
    plain = {name: fields.get(name, getattr(_OPTION_DEFAULTS, name)) for name in _PLAIN_OPTIONS}
    return DownloadOptions(
        headers=tuple((_text(name), _text(value)) for name, value in fields.get("headers", ())),
        digests=tuple(_decode_digest(pair) for pair in fields.get("digests", ())),
        mirrors=tuple(_text(mirror) for mirror in fields.get("mirrors", ())),
        resolve=tuple(_text(entry) for entry in fields.get("resolve", ())),
        pieces=_decode_pieces(fields.get("pieces")),
        start_at=_decode_time(fields.get("start_at")),
        priority=_int_or_none(fields.get("priority")) or 0,  # the whole order hangs on it
        **plain,
    )


def encode_ranges(ranges: RangeSet) -> list[int]:
    """Return start, end, start, end... in order."""
    return [offset for r in ranges for offset in (r.start, r.end)]


def decode_ranges(offsets: list[int]) -> RangeSet:
    """Return the ranges of a flat list of offsets.

    Raises:
        ValueError: the list is odd, or an end lies before its start.
    """
    return RangeSet(zip(map(int, offsets[::2]), map(int, offsets[1::2]), strict=True))


def _encode_part(part: PartIdentity) -> list[int]:
    return [part.device, part.inode, part.born_ns]


def _encode_old_part(old: OldPart) -> dict[str, object]:
    return {
        "directory": old.directory,
        "name": old.name,
        "came_from": old.came_from,
        "part": _encode_part(old.part),
        "written": encode_ranges(old.written),
    }


def _decode_old_part(fields: _Json) -> OldPart:
    return OldPart(
        directory=_text(fields["directory"]),
        name=_text(fields["name"]),
        came_from=_text(fields["came_from"]),
        part=PartIdentity(*map(int, fields["part"])),
        written=decode_ranges(fields["written"]),
    )


def _encode_moving(moving: Moving) -> dict[str, object]:
    return {
        "directory": moving.directory,
        "name": moving.name,
        "entry": moving.entry,
        "file": _encode_part(moving.file),
    }


def _decode_moving(fields: _Json) -> Moving:
    return Moving(
        directory=_text(fields["directory"]),
        name=_text(fields["name"]),
        entry=_text(fields["entry"]),
        file=PartIdentity(*map(int, fields["file"])),
    )


def _encode_failure(failure: Failure) -> dict[str, object]:
    return {
        "code": failure.code,
        "message": failure.message,
        "retryable": failure.retryable,
        "retry_after_s": failure.retry_after_s,
        "http_status": failure.http_status,
    }


def _decode_failure(fields: _Json) -> Failure:
    return Failure(
        code=_word(ErrorCode, fields["code"], ErrorCode.INTERNAL),
        message=_text(fields["message"]),
        retryable=bool(fields.get("retryable", False)),
        retry_after_s=fields.get("retry_after_s"),
        http_status=_int_or_none(fields.get("http_status")),
    )


def _encode_digest(digest: Digest) -> list[str]:
    return [digest.algorithm, digest.hex]


def _decode_digest(pair: list[str]) -> Digest:
    algorithm, value = pair
    return Digest(_text(algorithm), _text(value))


def _decode_pieces(triple: list[Any] | None) -> PieceHashes | None:
    if triple is None:
        return None
    algorithm, length_bytes, hexes = triple
    return PieceHashes(_text(algorithm), int(length_bytes), tuple(_text(hexes).split()))


def _encode_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _decode_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _word(kind: type[_Word], text: str, unknown: _Word) -> _Word:
    try:
        return kind(text)
    except ValueError:
        return unknown


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _int_or_none(value: object) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"not a whole number: {value!r}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value
