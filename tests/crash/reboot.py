"""Start again on a crash image: as another boot, with the files under new inodes.

Owns the translation of an image to real files, and the two questions to it: is what is
claimed true, and does it end in one right file. Must not know how images come about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import time_ns

import pytest

from tests.crash.images import Image
from tests.support.body import check_file, check_ranges
from tui_dl.domain.errors import DiskError
from tui_dl.domain.model import DownloadRecord, OldPart, PartIdentity, Status
from tui_dl.engine import engine as engine_module
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.disk import DiskPace, Pools
from tui_dl.engine.restored import Restored
from tui_dl.engine.target import FileTarget
from tui_dl.storage import catalog as catalog_module
from tui_dl.storage import tampering
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.folder import identity_of
from tui_dl.storage.record_codec import decode_record

NEXT_BOOT = bytes(range(16))


class OverClaimError(AssertionError):
    """A record promises bytes that are not there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A machine after the reboot."""

    base: Path
    records: tuple[DownloadRecord, ...]

    @property
    def folder(self) -> Path:
        """Where the downloads are."""
        return self.base / "downloads"


@contextmanager
def rebooted() -> Iterator[None]:
    """Let this process believe that the machine was started just now."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (engine_module, catalog_module):
            patch.setattr(module, "current_boot_id", lambda: NEXT_BOOT)
        booted_ns = time_ns()
        patch.setattr(tampering, "_boot_time_ns", lambda: booted_ns)
        yield


def unpack(image: Image, base: Path, *, device_shift: int = 0) -> Place:
    """Write the files of an image below ``base``; records are told their new inodes.

    With ``device_shift`` they remember another device number, as after many a reboot.
    """
    folder = base / "downloads"
    folder.mkdir(parents=True)
    first_names: dict[int, Path] = {}
    for name, inode in image.names.items():
        if inode in first_names:
            (folder / name).hardlink_to(first_names[inode])
        else:
            (folder / name).write_bytes(image.files[inode])
            first_names[inode] = folder / name
    now = {old: _identity(path, device_shift) for old, path in first_names.items()}
    records = tuple(
        replace(
            record,
            directory=str(folder),
            part=record.part and now.get(record.part.inode, record.part),
            old_part=record.old_part and _moved(record.old_part, folder, now),
        )
        for record in _records(image)
    )
    return Place(base, records)


def check_claims(place: Place, journal_names: dict[str, bytes]) -> int:
    """Compare every claim with the bytes that are there; return how many were claimed.

    Raises:
        OverClaimError: a byte is claimed that is not there.
    """
    config = EngineConfig(data_dir=place.base / "state", directory=place.folder)
    _write_journals(config, journal_names)
    pools = Pools()
    claimed = 0
    for record in place.records:
        target = FileTarget(pools, DiskPace(), config.journal_path(record.id), NEXT_BOOT)
        try:
            claimed += _check_record(record, target)
        except AssertionError as error:
            raise OverClaimError(str(error)) from error
        finally:
            target._close(forget=False)
    pools.close()
    return claimed


def _moved(old: OldPart, folder: Path, now: dict[int, PartIdentity]) -> OldPart:
    return replace(old, directory=str(folder), part=now.get(old.part.inode, old.part))


def _identity(path: Path, device_shift: int) -> PartIdentity:
    with path.open("rb") as file:
        found = identity_of(file.fileno())
    return replace(found, device=found.device + device_shift)


@contextmanager
def reclaims_checked() -> Iterator[None]:
    """Check what each target restores, before a byte is fetched on top of it."""
    real = FileTarget._restore

    def checked(target: FileTarget, record: DownloadRecord) -> Restored:
        restored = real(target, record)
        _check_restored(record, target, restored)
        return restored

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileTarget, "_restore", checked)
        yield


def _check_record(record: DownloadRecord, target: FileTarget) -> int:
    folder = Path(record.directory)
    if record.status is Status.COMPLETED:
        assert record.name is not None
        check_file(folder / record.name, seed_of(record), record.total_bytes or 0)
        return record.total_bytes or 0
    try:
        restored = target._restore(record)
    except DiskError:
        return 0  # it is lost, and the record says so by starting again
    return _check_restored(record, target, restored)


def _check_restored(record: DownloadRecord, target: FileTarget, restored: Restored) -> int:
    if restored.published_name is not None:
        path = Path(record.directory) / restored.published_name
        check_file(path, seed_of(record), record.total_bytes or path.stat().st_size)
        return path.stat().st_size
    assert target.part is not None or not restored.written
    if target.part is not None:
        pairs = [(r.start, r.end) for r in restored.written]
        check_ranges(target.part.part_path, seed_of(record), pairs)
    return restored.written.total


def seed_of(record: DownloadRecord) -> int:
    """Return the seed of the version that a record says its bytes are of."""
    etag = record.validators.etag
    return 1 if etag is None else int(etag.strip('"v'))


def install(place: Place, journals: dict[str, bytes]) -> None:
    """Write the catalog and the journals for an engine to start on."""
    config = EngineConfig(data_dir=place.base / "state", directory=place.folder)
    _write_journals(config, journals)
    catalog = Catalog.open(config.data_dir / "catalog.sqlite3")
    catalog.save(place.records)
    catalog.close()


def _write_journals(config: EngineConfig, journals: dict[str, bytes]) -> None:
    folder = config.data_dir / "journal"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in journals.items():
        (folder / name).write_bytes(content)


def _records(image: Image) -> list[DownloadRecord]:
    if image.commit is None:
        return []
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(_without_log(image.commit.database))
        return [decode_record(body) for (body,) in connection.execute("SELECT body FROM downloads")]


def _without_log(database: bytes) -> bytes:
    """Mark a database as one without a write-ahead log: one in memory cannot have one."""
    return database[:18] + b"\x01\x01" + database[20:]
