"""How a request becomes a record, and how a record leaves with its files.

Must not touch the queue or start anything.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode, UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import AddRequest, DownloadOptions, DownloadRecord, PartIdentity, Status
from tui_dl.domain.priority import check_priority
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.net.request import check_user_headers
from tui_dl.storage.part_file import remove_owned

GID = late_pattern(r"(?!0{16})[0-9a-f]{16}")


def new_record(request: AddRequest, position: int, taken_gids: Container[str]) -> DownloadRecord:
    """Return the record of a well-formed request.

    Raises:
        UsageError: a URL, a header, the folder or a gid is wrong.
    """
    if request.gid is not None and (not GID.fullmatch(request.gid) or request.gid in taken_gids):
        raise UsageError(f"The gid {request.gid!r} is taken or is not 16 hex digits.")
    parse_url(request.url)
    check_options(request.options)
    if not Path(request.directory).is_absolute():
        raise UsageError("The target folder must be an absolute path.")
    return DownloadRecord(
        id=request.id or str(uuid.uuid4()),
        gid=request.gid or secrets.token_hex(8),
        url=request.url,
        directory=request.directory,
        position=position,
        created_at=datetime.now(UTC),
        options=request.options,
        source=request.source,
        status=Status.PAUSED if request.paused else Status.QUEUED,
        added_by=request.added_by,
    )


def check_options(options: DownloadOptions) -> None:
    """Refuse options that could never work.

    Raises:
        UsageError: a mirror or list of digests is no URL, a header may not be set, or the
            priority is out of bounds.
    """
    check_priority(options.priority)
    for mirror in options.mirrors:
        parse_url(mirror)
    if options.checksum_from is not None:
        parse_url(options.checksum_from)
    check_user_headers(options.headers)


class Known:
    """What is in the list already, looked up for each request of an addition.

    Built once for all of them: a batch of ten thousand must not read the list as often.
    """

    def __init__(self, records: Iterable[DownloadRecord], config: EngineConfig) -> None:
        self._home = str(config.directory)
        self._sorted_into = {category.folder for category in config.categories}
        self.gids: set[str] = set()
        self.last_position = 0
        self._ids: set[str] = set()
        self._unfinished: dict[tuple[str, str, str | None], str] = {}
        for record in records:
            self.note(record)

    def note(self, record: DownloadRecord) -> None:
        """Take in one more record."""
        self.gids.add(record.gid)
        self.last_position = max(self.last_position, record.position)
        self._ids.add(record.id)
        if record.status is not Status.COMPLETED:
            key = (record.url, record.directory, record.options.out)
            self._unfinished.setdefault(key, record.id)
            if record.loaded_in is not None:
                self._unfinished.setdefault((key[0], record.loaded_in, key[2]), record.id)
            if record.directory in self._sorted_into:  # asked for in the default folder, perhaps
                self._unfinished.setdefault((key[0], self._home, key[2]), record.id)

    def same(self, request: AddRequest) -> str | None:
        """Return the id of an unfinished download of the same URL, folder and name.

        A client's own id that is known already is the same download, whatever its status:
        a request that is sent again after a timeout must not add twice (trap S19).
        """
        if request.id is not None and request.id in self._ids:
            return request.id
        if request.allow_duplicate:
            return None
        return self._unfinished.get((request.url, request.directory, request.options.out))


def remove_files(record: DownloadRecord, journal_path: Path, with_files: bool) -> None:
    """Delete the journal, and with ``with_files`` the files that we created (trap S17).

    Raises:
        DiskError: a file is there, is ours, and cannot be deleted.
    """
    journal_path.unlink(missing_ok=True)
    if not with_files:
        return
    for path, part in _files_of(record):
        try:
            remove_owned(path.parent, path.name, part)
        except DiskError as error:
            if error.code is not ErrorCode.TARGET_LOST:
                raise


def _files_of(record: DownloadRecord) -> Iterator[tuple[Path, PartIdentity]]:
    """Yield every place where a file of this download may be."""
    if record.part is not None:
        for name in (record.part_name, record.name):
            if name is not None:
                yield Path(record.directory, name), record.part
    old = record.old_part
    if old is not None:
        yield Path(old.directory, old.name), old.part
        if record.part is None:  # a kill before it got its name
            yield Path(old.directory, old.came_from), old.part
