"""How a request becomes a record, and how a record leaves with its files.

Must not touch the queue or start anything.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode, UsageError
from tui_dl.domain.model import AddRequest, DownloadRecord, Status
from tui_dl.domain.urls import parse_url
from tui_dl.net.request import check_user_headers
from tui_dl.storage.part_file import remove_owned


def new_record(request: AddRequest, position: int) -> DownloadRecord:
    """Return the record of a well-formed request.

    Raises:
        UsageError: a URL, a header or the folder is wrong.
    """
    parse_url(request.url)
    for mirror in request.options.mirrors:
        parse_url(mirror)
    check_user_headers(request.options.headers)
    if not Path(request.directory).is_absolute():
        raise UsageError("The target folder must be an absolute path.")
    return DownloadRecord(
        id=request.id or str(uuid.uuid4()),
        gid=secrets.token_hex(8),
        url=request.url,
        directory=request.directory,
        position=position,
        created_at=datetime.now(UTC),
        options=request.options,
        source=request.source,
        status=Status.PAUSED if request.paused else Status.QUEUED,
    )


def find_same(request: AddRequest, records: Iterable[DownloadRecord]) -> str | None:
    """Return the id of an unfinished download of the same URL, folder and name.

    A client's own id that is known already is the same download, whatever its status:
    a request that is sent again after a timeout must not add twice (trap S19).
    """
    for record in records:
        if request.id is not None and record.id == request.id:
            return record.id
        if (
            not request.allow_duplicate
            and record.url == request.url
            and record.directory == request.directory
            and record.options.out == request.options.out
            and record.status is not Status.COMPLETED
        ):
            return record.id
    return None


def remove_files(record: DownloadRecord, journal_path: Path, with_files: bool) -> None:
    """Delete the journal, and with ``with_files`` the files that we created (trap S17).

    Raises:
        DiskError: a file is there, is ours, and cannot be deleted.
    """
    journal_path.unlink(missing_ok=True)
    if not with_files or record.part is None:
        return
    for name in (record.part_name, record.name):
        if name is None:
            continue
        try:
            remove_owned(Path(record.directory), name, record.part)
        except DiskError as error:
            if error.code is not ErrorCode.TARGET_LOST:
                raise
