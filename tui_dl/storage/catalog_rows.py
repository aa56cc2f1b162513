"""Rows of the catalog: what is in the columns, and how a row proves itself whole.

Must not open files or choose between damaged copies.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.record_codec import RecordDecodeError, decode_record, encode_record

_UPSERT = """
    INSERT INTO downloads (id, rev, crc, body, gid, status, position, completed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        rev = excluded.rev, crc = excluded.crc, body = excluded.body, gid = excluded.gid,
        status = excluded.status, position = excluded.position,
        completed_at = excluded.completed_at
"""


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A row that could not be read. It is kept apart; the queue goes on without it."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that does not prove itself."""

    id: str
    reason: str
    body: bytes | None


def write_records(
    connection: sqlite3.Connection, records: Iterable[DownloadRecord], revision: int
) -> None:
    """Insert or replace rows by id, inside the caller's transaction.

    Raises:
        sqlite3.Error: nothing is left of a failed call once the caller rolls back.
    """
    rows = []
    for record in records:
        body = encode_record(record)
        finished = record.completed_at
        rows.append(
            (
                record.id,
                revision,
                zlib.crc32(body),
                body,
                record.gid,
                record.status.value,
                record.position,
                None if finished is None else finished.isoformat(),
            )
        )
    connection.executemany(_UPSERT, rows)


def write_quarantine(connection: sqlite3.Connection, bad: Iterable[BadRow]) -> None:
    """Add rows to the quarantine, inside the caller's transaction.

    Raises:
        sqlite3.Error: the table took no more.
    """
    found_at = datetime.now(UTC).isoformat()
    connection.executemany(
        "INSERT INTO quarantine (id, reason, body, found_at) VALUES (?, ?, ?, ?)",
        [(row.id, row.reason, row.body, found_at) for row in bad],
    )


def read_row(id: object, crc: object, body: object) -> DownloadRecord | BadRow:
    """Return the record of one row, or what is wrong with the row.

    ``id`` is the column's; the body has its own, and that one counts.
    """
    name = id if isinstance(id, str) else repr(id)
    if not isinstance(body, bytes):
        return BadRow(name, "the body is not there", None)
    if zlib.crc32(body) != crc:
        return BadRow(name, "the checksum does not match", body)
    try:
        return decode_record(body)
    except RecordDecodeError as error:
        return BadRow(name, f"it cannot be understood ({error})", body)
