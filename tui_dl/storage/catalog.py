"""The catalog: every record of the list, durable, in one SQLite file.

Must not decide what a record means. One damaged row never costs another; a file that is
damaged as a whole is kept aside and what it still holds goes into a new one; a file of a
newer program is not touched. The connection is used by one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tui_dl.domain.errors import StateError
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog_errors import is_damage, is_disk_full, map_sqlite_error
from tui_dl.storage.catalog_file import copy_beside, is_ours, open_connection, put_in_place
from tui_dl.storage.catalog_rows import (
    BadRow,
    QuarantinedRecord,
    read_row,
    write_quarantine,
    write_records,
)
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.page_scan import read_header
from tui_dl.storage.salvage import Rebuilt, create_file, rebuild
from tui_dl.storage.spare_room import SpareRoom

__all__ = ["Catalog", "CatalogContents", "QuarantinedRecord"]

_LARGEST_BACKUP_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CatalogContents:
    """All that the catalog holds."""

    records: tuple[DownloadRecord, ...]
    """In queue order."""
    quarantined: tuple[QuarantinedRecord, ...]
    """Rows that were found damaged when the catalog was opened or since."""


class Catalog:
    """An open catalog. Made by ``Catalog.open``."""

    def __init__(self, path: Path, connection: sqlite3.Connection, rebuilt: Rebuilt | None) -> None:
        """Take over a checked connection. Use ``open`` instead."""
        self.path = path
        self.recovered = None if rebuilt is None else rebuilt.sentence
        """What was done about a damaged file, a sentence for the user; ``None`` if nothing."""
        self._connection: sqlite3.Connection | None = connection
        self._spare = SpareRoom(path.with_name(path.name + ".spare"))
        self._found_bad = [] if rebuilt is None else list(rebuilt.quarantined)
        self._durable: bool | None = None
        (newest,) = connection.execute("SELECT coalesce(max(rev), 0) FROM downloads").fetchone()
        self._revision = int(newest)
        self.same_boot = self._note_boot(connection)
        """Whether the machine has run on since the catalog was last open."""
        self._spare.fill()

    @staticmethod
    def open(path: Path) -> Catalog:
        """Open the catalog at ``path``; create it with mode 0600 when there is none.

        A damaged or vanished file is rebuilt from what can be read of it and of the
        backup; ``recovered`` says so.

        Raises:
            StateError: ``STATE_NEWER`` for the file of a newer program, which is not
                touched; ``STATE_LOCKED``; ``STATE_DAMAGED`` when even a new file fails.
            DiskError: the folder is full, not writable or failing.
        """
        with disk_errors(doing="opening", path=path), _sqlite_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            rebuilt: Rebuilt | None = None
            backup = backup_path(path)
            header = read_header(path)
            # A log without its file is dropped by SQLite, with all that it holds.
            if header is not None and is_ours(header, path) and not _is_empty(path):
                try:
                    return _open_checked(path, None)
                except sqlite3.Error as error:
                    if not is_damage(error):
                        raise
                rebuilt = rebuild(path, backup)
            elif header is not None or read_header(backup) is not None:
                rebuilt = rebuild(path, backup)
            elif not path.exists():
                create_file(path)
            return _open_checked(path, rebuilt)

    def load(self) -> CatalogContents:
        """Return all records in queue order; move rows that are damaged to the quarantine.

        Raises:
            StateError, DiskError: the file cannot be read at all.
        """
        good: list[DownloadRecord] = []
        bad: list[tuple[int, BadRow]] = []
        connection = self._live()
        with _sqlite_errors(self.path):
            for rowid, id, crc, body in connection.execute(
                "SELECT rowid, id, crc, body FROM downloads"
            ):
                row = read_row(id, crc, body)
                if isinstance(row, BadRow):
                    bad.append((rowid, row))
                elif row.id != id:
                    bad.append((rowid, BadRow(id, "the ids do not match", body)))
                else:
                    good.append(row)
        if bad:
            self._set_aside(bad)
        good.sort(key=lambda record: record.position)
        return CatalogContents(tuple(good), tuple(self._found_bad))

    def save(
        self,
        records: Sequence[DownloadRecord] = (),
        removed_ids: Sequence[str] = (),
        *,
        durable: bool = False,
    ) -> None:
        """Put and remove records in one transaction: all of it happens or nothing.

        ``durable`` returns only when the change survives a power cut; without it the
        change survives a kill at once and a power cut a little later. Bytes that a record
        calls synced must be synced before.

        Raises:
            DiskError: ``DISK_FULL`` and others; the catalog is as it was.
            StateError: the catalog is closed, locked or damaged, or two records share a gid.
        """
        revision = self._revision + 1

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "DELETE FROM downloads WHERE id = ?", [(id,) for id in removed_ids]
            )
            write_records(connection, records, revision)

        with _sqlite_errors(self.path):
            self._set_durable(durable)
            try:
                self._transact(change)
            except sqlite3.Error as error:
                if not (is_disk_full(error) and self._spare.release()):
                    raise
                self._transact(change)
        self._revision = revision
        if durable:
            self._spare.fill()

    def backup(self, path: Path | None = None) -> None:
        """Copy the catalog to ``path``; without one to where ``open`` looks for it.

        Nothing is copied when the file is 64 MiB or larger, or when damage was found since
        it was opened: then the older copy is worth more.

        Raises:
            StateError, DiskError: the copy could not be written; the older one is intact.
        """
        self.begin_backup(path)()

    def begin_backup(self, path: Path | None = None) -> Callable[[], None]:
        """Copy as ``backup`` does, but return what waits for the disk, for any thread.

        Raises:
            StateError, DiskError: as ``backup``; what is returned may raise it as well.
        """
        target = backup_path(self.path) if path is None else path
        if self.recovered is not None or self._found_bad:
            return _nothing
        with disk_errors(doing="copying", path=self.path), _sqlite_errors(self.path):
            if self.path.stat().st_size >= _LARGEST_BACKUP_BYTES:
                return _nothing
            fresh = copy_beside(self._live(), target)

        def finish() -> None:
            with disk_errors(doing="copying", path=self.path):
                put_in_place(fresh, target)

        return finish

    def close(self) -> None:
        """Move the write-ahead log into the file, durably, and close. Idempotent.

        Raises:
            StateError, DiskError: the log could not be moved; it stays beside the file and
                nothing is lost.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with _sqlite_errors(self.path):
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.close()

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateError("The list of downloads is closed.")
        return self._connection

    def _set_durable(self, durable: bool) -> None:
        if durable is not self._durable:
            level = "FULL" if durable else "NORMAL"
            self._live().execute(f"PRAGMA synchronous = {level}")
            self._durable = durable

    def _transact(self, change: Callable[[sqlite3.Connection], None]) -> None:
        connection = self._live()
        connection.execute("BEGIN IMMEDIATE")
        try:
            change(connection)
            connection.execute("COMMIT")
        except BaseException:  # a cancel too: undone, then raised again
            if connection.in_transaction:  # SQLite rolls back by itself on some errors
                connection.execute("ROLLBACK")
            raise

    def _set_aside(self, bad: Sequence[tuple[int, BadRow]]) -> None:
        self._found_bad += [QuarantinedRecord(row.id, row.reason) for _rowid, row in bad]

        def change(connection: sqlite3.Connection) -> None:
            write_quarantine(connection, [row for _rowid, row in bad])
            connection.executemany(
                "DELETE FROM downloads WHERE rowid = ?", [(rowid,) for rowid, _row in bad]
            )

        # A full disk must not hide the healthy records: the next load tries again.
        with suppress(sqlite3.Error):
            self._transact(change)

    def _note_boot(self, connection: sqlite3.Connection) -> bool:
        now = current_boot_id()
        row = connection.execute("SELECT value FROM meta WHERE key = 'boot_id'").fetchone()
        if row is not None and row[0] == now:
            return True
        # Not being able to note it only means that the next start trusts less.
        with suppress(sqlite3.Error):
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('boot_id', ?)", (now,))
        return False


def backup_path(path: Path) -> Path:
    """Return where the previous copy of the catalog at ``path`` is kept."""
    return path.with_name(path.name + ".backup")


def _is_empty(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _open_checked(path: Path, rebuilt: Rebuilt | None) -> Catalog:
    connection = open_connection(path)
    try:
        return Catalog(path, connection, rebuilt)
    except BaseException:  # a cancel too: undone, then raised again
        connection.close()
        raise


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise map_sqlite_error(error, path=path) from error


def _nothing() -> None:
    """There is nothing to wait for."""
