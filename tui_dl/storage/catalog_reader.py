"""Look at the catalog without owning it: for listings, also while another process writes.

Must not write, repair or move anything; a row that cannot be read is only counted.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tui_dl.domain.errors import ErrorCode, StateError
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.catalog_errors import map_sqlite_error
from tui_dl.storage.catalog_rows import BadRow, read_row
from tui_dl.storage.migrations import SCHEMA_VERSION

_BUSY_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class CatalogView:
    """What could be read."""

    records: tuple[DownloadRecord, ...] = ()
    """In queue order."""
    damaged: int = 0
    """Rows that could not be read."""


def read_catalog(path: Path) -> CatalogView:
    """Return the records of the catalog at ``path``; none when there is no file.

    Raises:
        StateError: ``STATE_NEWER``, ``STATE_LOCKED`` or ``STATE_DAMAGED``.
        DiskError: the file or its folder cannot be used.
    """
    if not path.exists():
        return CatalogView()
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise StateError(
                    f"{path} was written by a newer tui-dl. Update tui-dl.",
                    code=ErrorCode.STATE_NEWER,
                )
            if version == 0:  # it is being made just now
                return CatalogView()
            found = connection.execute("SELECT id, crc, body FROM downloads").fetchall()
    except sqlite3.Error as error:
        raise map_sqlite_error(error, path=path) from error
    rows = [read_row(id, crc, body) for id, crc, body in found]
    records = [row for row in rows if not isinstance(row, BadRow)]
    records.sort(key=lambda record: record.position)
    return CatalogView(tuple(records), len(rows) - len(records))
