"""The schema of the catalog, as numbered steps. Step N leads from version N-1 to N.

Must not change a step that was released: add one. The body of a row (``record_codec``)
is the truth about a record; the other columns are copies for ordering and for people
who look with the sqlite3 shell. ``id, rev, crc, body`` stay the first four columns,
because ``salvage`` finds rows in damaged files by them.
"""

from __future__ import annotations

import sqlite3
from functools import cache

_APPLICATION_BASE = 0x74644C00  # "tdL" and the version
_MOST_VERSIONS = 0xFF

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE downloads (
            id TEXT PRIMARY KEY NOT NULL,
            rev INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            body BLOB NOT NULL,
            gid TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            position INTEGER NOT NULL,
            completed_at TEXT
        )""",
        """CREATE INDEX downloads_by_completion ON downloads (completed_at)
            WHERE completed_at IS NOT NULL""",
        """CREATE TABLE quarantine (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            reason TEXT NOT NULL,
            body BLOB,
            found_at TEXT NOT NULL
        )""",
        "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
    ),
)

SCHEMA_VERSION = len(MIGRATIONS)


def application_id(version: int) -> int:
    """Return the mark that goes with a version. Both sit in the header and must agree.

    With the number alone a flipped bit would look like a newer program's file and shut
    the user out of the list for good.
    """
    return _APPLICATION_BASE + version


def is_version(user_version: int, mark: int) -> bool:
    """Return whether the two numbers of a file's header agree on being a version of ours."""
    return 0 < user_version <= _MOST_VERSIONS and mark == application_id(user_version)


def migrate(connection: sqlite3.Connection, from_version: int) -> None:
    """Bring the schema from ``from_version`` to ``SCHEMA_VERSION``, one transaction a step.

    ``connection`` is in autocommit mode. A crash leaves a whole version.

    Raises:
        sqlite3.Error: a step failed; it left nothing behind.
    """
    for version in range(from_version + 1, SCHEMA_VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[version - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
            connection.execute(f"PRAGMA application_id = {application_id(version):d}")
            connection.execute("COMMIT")
        except BaseException:  # a cancel too: undone, then raised again
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def schema_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Return the names and the defining words of all tables and indexes."""
    rows = connection.execute("SELECT name, coalesce(sql, '') FROM sqlite_master")
    return frozenset((str(name), str(sql)) for name, sql in rows)


@cache
def expected_schema() -> frozenset[tuple[str, str]]:
    """Return what ``schema_of`` gives for a whole catalog of this version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, 0)
        return schema_of(connection)
    finally:
        connection.close()
