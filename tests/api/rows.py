"""Rows for pure tests: every field plain unless the test names it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support.rows import plain_row
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind

ID = "550e8400-e29b-41d4-a716-446655440000"
BORN = datetime(2026, 1, 2, 3, 4, 5, 900_000, tzinfo=UTC)


def make_row(**fields: Any) -> DownloadSnapshot:
    """Return a queued row of https://example.test/big.iso in /files."""
    return plain_row(**({"id": ID, "name": "big.iso", "created_at": BORN} | fields))


def make_event(kind: EventKind, **fields: Any) -> DownloadEvent:
    """Return an event about such a row."""
    return DownloadEvent(kind, make_row(**fields), 1)
