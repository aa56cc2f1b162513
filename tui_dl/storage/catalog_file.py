"""Open the file of the catalog: judge its header, configure, migrate, check, copy.

Must not repair: it says what is wrong and ``catalog`` decides.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tui_dl.domain.errors import ErrorCode, StateError
from tui_dl.storage import migrations
from tui_dl.storage.page_scan import PAGE_BYTES, FileHeader
from tui_dl.storage.salvage import create_file, sync_file

_BUSY_TIMEOUT_S = 5.0
_WAL_KEEP_BYTES = 8 * 1024 * 1024


def is_ours(header: FileHeader, path: Path) -> bool:
    """Judge a header before SQLite opens the file, which would touch it.

    Raises:
        StateError: ``STATE_NEWER``.
    """
    if not header.is_plausible:
        return False
    if header.is_blank:
        return True
    if not migrations.is_version(header.user_version, header.application_id):
        return False
    if header.user_version > migrations.SCHEMA_VERSION:
        raise StateError(
            f"{path} was written by a newer tui-dl (format {header.user_version}, this one "
            f"knows {migrations.SCHEMA_VERSION}). Update tui-dl, or choose another data folder.",
            code=ErrorCode.STATE_NEWER,
        )
    return True


def open_connection(path: Path) -> sqlite3.Connection:
    """Open, check and migrate a file whose header is ours or that is empty.

    Before a migration the older file is copied to PATH.format-N.

    Raises:
        sqlite3.Error: with a damage code when the file cannot be used as it is.
        OSError: the copy failed.
    """
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.text_factory = _decode_text
        _configure(connection)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if 0 < version < migrations.SCHEMA_VERSION:
            copy_to(connection, path.with_name(f"{path.name}.format-{version:d}"))
        migrations.migrate(connection, version)
        _check(connection)
    except BaseException:  # a cancel too: undone, then raised again
        connection.close()
        raise
    return connection


def _decode_text(raw: bytes) -> str:
    """Decode a column; a damaged one must not stop the reading of the others."""
    return raw.decode("utf-8", "replace")


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES:d}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    # Removed rows must not come back from freed pages when a damaged file is read.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEEP_BYTES:d}")


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Write a copy of the open catalog to ``target``, durably and in one step.

    Raises:
        OSError, sqlite3.Error: it failed; an older ``target`` is intact.
    """
    put_in_place(copy_beside(connection, target), target)


def copy_beside(connection: sqlite3.Connection, target: Path) -> Path:
    """Write a copy that is not durable yet; return its path, for ``put_in_place``.

    Raises:
        OSError, sqlite3.Error: it failed.
    """
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    create_file(fresh)
    copy = sqlite3.connect(fresh, isolation_level=None)
    try:
        copy.execute("PRAGMA synchronous = OFF")  # synced later, once
        connection.backup(copy)
    finally:
        copy.close()
    return fresh


def put_in_place(fresh: Path, target: Path) -> None:
    """Make a copy durable, then let it replace the older one. Waits for the disk.

    Raises:
        OSError: it failed; an older ``target`` is intact.
    """
    sync_file(fresh)
    fresh.replace(target)


def _check(connection: sqlite3.Connection) -> None:
    if migrations.schema_of(connection) != migrations.expected_schema():
        raise sqlite3.DatabaseError("the tables are not those of this version")
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))
