"""The list of downloads without an engine: what is stored, as of now.

For ``tui-dl ls``, with or without another process at work. Must not take the lock and
must not change anything. What a running process has not stored yet is not seen.
"""

from __future__ import annotations

from pathlib import Path

from tui_dl.domain.errors import DiskError
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.engine.config import EngineConfig
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog_reader import read_catalog
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.journal_format import JournalOwner


@dataclass(frozen=True, slots=True)
class StoredDownload:
    """One record and how much of its file is there."""

    record: DownloadRecord
    done_bytes: int

    @property
    def fraction(self) -> float | None:
        """Share done, 0.0 to 1.0; ``None`` while the size is unknown."""
        if self.record.status is Status.COMPLETED:
            return 1.0
        if not self.record.total_bytes:
            return None
        return min(1.0, self.done_bytes / self.record.total_bytes)


@dataclass(frozen=True, slots=True)
class StoredList:
    """All that the state folder holds."""

    downloads: tuple[StoredDownload, ...]
    """In queue order."""
    damaged: int
    """Records that could not be read."""


def read_stored(data_dir: Path) -> StoredList:
    """Return the stored downloads of ``data_dir``; none when there is no state yet.

    Raises:
        StateError, DiskError: the state cannot be read.
    """
    view = read_catalog(data_dir / "catalog.sqlite3")
    boot_id = current_boot_id()
    # The engine's own word on where journals are; nothing else of the configuration counts.
    config = EngineConfig(data_dir=data_dir, directory=data_dir)
    downloads = tuple(
        StoredDownload(record, _done_bytes(config, record, boot_id)) for record in view.records
    )
    return StoredList(downloads, view.damaged)


def _done_bytes(config: EngineConfig, record: DownloadRecord, boot_id: bytes) -> int:
    if record.status is Status.COMPLETED:
        return record.total_bytes or record.synced_bytes
    written = None
    if record.part is not None:
        try:
            owner = JournalOwner.of(record, boot_id)
            written = WrittenJournal.load(config.journal_path(record.id), owner)
        except DiskError:
            written = None  # then what the catalog says is all that can be said
    return record.synced_bytes if written is None else written.total
