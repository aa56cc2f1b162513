"""Save what can be read of a damaged catalog and of its backup into a new one.

Must not open the damaged file with SQLite and must not change it before the new catalog
is complete on disk: a crash at any point leaves something to salvage from.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.catalog_rows import (
    BadRow,
    QuarantinedRecord,
    read_row,
    write_quarantine,
    write_records,
)
from tui_dl.storage.folder import sync_folder
from tui_dl.storage.migrations import migrate
from tui_dl.storage.page_scan import PAGE_BYTES, PageImage

_SIDE_SUFFIXES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What a file still held."""

    records: dict[str, tuple[int, DownloadRecord]]
    """By id: the revision and the record."""
    bad: dict[str, BadRow]
    """Rows that were there but not whole, by id."""


def scan(path: Path) -> Salvaged:
    """Read every row of ``path`` (and its WAL) that proves itself; a missing file has none.

    Raises:
        OSError: the file cannot be read.
    """
    records: dict[str, tuple[int, DownloadRecord]] = {}
    bad: dict[str, BadRow] = {}
    for _page, columns in PageImage(path).rows():
        match columns:
            case (str(id), int(revision), int(crc), bytes(body), str(), str(), *_):
                row = read_row(id, crc, body)
            case _:
                continue
        if isinstance(row, BadRow):
            bad[row.id] = row
        elif row.id not in records or records[row.id][0] < revision:
            records[row.id] = (revision, row)
    for id in records:
        bad.pop(id, None)
    return Salvaged(records, bad)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a damaged catalog."""

    sentence: str
    """What happened, for the user."""
    quarantined: tuple[QuarantinedRecord, ...] = ()


def rebuild(path: Path, backup: Path) -> Rebuilt:
    """Replace the damaged catalog at ``path`` by a new one and say what happened.

    The damaged file is kept as PATH.damaged-N. The backup only adds records that the
    damaged file lacks: it is older.

    Raises:
        OSError: a file cannot be read or written.
        sqlite3.Error: the new catalog cannot be written.
    """
    damaged, older = scan(path), scan(backup)
    records = _one_record_a_gid({**older.records, **damaged.records})
    bad = [row for id, row in damaged.bad.items() if not _is_known(id, older.records)]
    fresh = path.with_name(path.name + ".rebuilding")
    _write_fresh(fresh, records, bad)
    kept = _keep_copy(path)
    for suffix in _SIDE_SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    fresh.replace(path)
    _sync_parent(path)
    from_backup = len(older.records.keys() - damaged.records.keys())
    return Rebuilt(
        _sentence(kept, len(records), from_backup, len(bad)),
        tuple(QuarantinedRecord(row.id, row.reason) for row in bad),
    )


def _is_known(id: str, records: Iterable[str]) -> bool:
    """Return whether the id of a damaged row, zeros in it included, can be one of ``records``.

    A file that was cut through an id leaves its beginning, padded with zeros.
    """
    whole, torn, _ = id.partition("\0")
    return any(known.startswith(whole) if torn else known == id for known in records)


def _one_record_a_gid(records: dict[str, tuple[int, DownloadRecord]]) -> list[DownloadRecord]:
    """Return the records, newest first for equal gids: two rows may not share one."""
    newest = sorted(records.values(), key=lambda pair: pair[0], reverse=True)
    by_gid: dict[str, DownloadRecord] = {}
    for _revision, record in newest:
        by_gid.setdefault(record.gid, record)
    return list(by_gid.values())


def _write_fresh(path: Path, records: list[DownloadRecord], bad: list[BadRow]) -> None:
    for leftover in (path, *(path.with_name(path.name + suffix) for suffix in _SIDE_SUFFIXES)):
        leftover.unlink(missing_ok=True)
    create_file(path)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES:d}")
        # Nobody reads this file before it is whole: it needs one sync, at the end.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        migrate(connection, 0)
        connection.execute("BEGIN IMMEDIATE")
        write_records(connection, records, 0)
        write_quarantine(connection, bad)
        connection.execute("COMMIT")
    finally:
        connection.close()
    sync_file(path)


def sync_file(path: Path) -> None:
    """Put the bytes of a file on stable storage.

    Raises:
        OSError: the disk failed.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def create_file(path: Path) -> None:
    """Create an empty file that only the user may read: records hold credentials.

    Raises:
        OSError: it exists or cannot be created.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o600))


def _keep_copy(path: Path) -> Path | None:
    """Give the damaged file and its WAL a second name; ``None`` when there is nothing to keep."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            _link_or_copy(source, kept.with_name(kept.name + suffix))
    return kept


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # costs no space and reads no bad sector
    except OSError:
        import shutil  # only needed here, and slow to load

        create_file(target)  # FAT knows no links
        shutil.copyfile(source, target)


def _sync_parent(path: Path) -> None:
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_folder(fd)
    finally:
        os.close(fd)


def _sentence(kept: Path | None, total: int, from_backup: int, lost: int) -> str:
    parts = [
        "The list of downloads was missing or empty."
        if kept is None
        else f"The list of downloads was damaged; the damaged file is kept as {kept.name}.",
        f"{_count(total)} could be read again.",
    ]
    if from_backup:
        parts.append(f"{from_backup} of them came from the previous copy and may be out of date.")
    if lost:
        parts.append(f"{_count(lost)} could not be read.")
    return " ".join(parts)


def _count(number: int) -> str:
    return "1 download" if number == 1 else f"{number} downloads"
