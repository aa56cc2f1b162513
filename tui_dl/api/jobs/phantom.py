"""A job that the engine refused: a row without a record. Pure.

The dialect takes any text for a URL and tells later that it is none, so such a text needs
a place in the queue.
"""

from __future__ import annotations

from datetime import datetime

from tui_dl.domain.model import Assurance, DownloadOptions, Source, Status
from tui_dl.domain.snapshot import DownloadSnapshot


def phantom_row(
    id_: str, gid: str, url: str, created_at: datetime, added_by: str
) -> DownloadSnapshot:
    """Return a row that waits. Its folder is empty: no record has that."""
    return DownloadSnapshot(
        id=id_,
        gid=gid,
        version=0,
        url=url,
        name=url.rpartition("/")[2] or url,
        directory="",
        status=Status.QUEUED,
        position=0,
        queue_rank=None,
        total_bytes=None,
        done_bytes=0,
        rate_bps=0.0,
        average_bps=0.0,
        eta_s=None,
        connections=0,
        retry_in_s=None,
        failure=None,
        assurance=Assurance.PENDING,
        digest=None,
        source=Source.API,
        options=DownloadOptions(),
        limit_bps=0,
        created_at=created_at,
        started_at=None,
        completed_at=None,
        elapsed_s=0.0,
        added_by=added_by,
    )
