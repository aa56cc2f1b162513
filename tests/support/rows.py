"""One plain row of the picture, for every test that needs rows: all fields but a few are blank."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tui_dl.domain.model import Assurance, DownloadOptions, Source, Status
from tui_dl.domain.snapshot import DownloadSnapshot

BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def plain_row(**fields: Any) -> DownloadSnapshot:
    """Return a queued download of which nothing is known; ``fields`` names at least its name."""
    values: dict[str, Any] = {
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "gid": "00000000000000ab",
        "version": 1,
        "url": "https://example.test/big.iso",
        "directory": "/files",
        "status": Status.QUEUED,
        "position": 0,
        "queue_rank": None,
        "total_bytes": None,
        "done_bytes": 0,
        "rate_bps": 0.0,
        "average_bps": 0.0,
        "eta_s": None,
        "connections": 0,
        "retry_in_s": None,
        "failure": None,
        "assurance": Assurance.PENDING,
        "digest": None,
        "source": Source.API,
        "options": DownloadOptions(),
        "limit_bps": 0,
        "created_at": BORN,
        "started_at": None,
        "completed_at": None,
        "elapsed_s": 0.0,
    }
    return DownloadSnapshot(**(values | fields))
