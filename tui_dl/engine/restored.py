"""What an earlier run left of a download, and whether it can be believed.

Opens what is there. Must not keep or use it: ``target.py`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time_ns

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.storage.claim import is_elsewhere
from tui_dl.storage.journal import Noted
from tui_dl.storage.mounts import Mounts
from tui_dl.storage.part_file import PartFile, recover_publish
from tui_dl.storage.tampering import was_touched_since, was_touched_since_boot


@dataclass(frozen=True, slots=True)
class Restored:
    """Ranges that can be believed, and a word about them."""

    written: RangeSet
    note: str | None = None
    published_name: str | None = None
    """The earlier run got as far as giving the file its name."""


def _refuse_touched(part: PartFile, noted: Noted | None) -> None:
    """Believe no bytes of a part that another program may have changed (trap D5).

    Raises:
        DiskError: ``PART_CHANGED``.
    """
    changed_ns = part.changed_ns()
    if noted is None:
        touched = was_touched_since_boot(changed_ns, time_ns())
    else:
        touched = was_touched_since(changed_ns, noted.last_write_ns, is_exact=noted.is_at_rest)
    if touched:
        raise DiskError(f"Another program changed {part.part_path}.", code=ErrorCode.PART_CHANGED)


def whole_of(record: DownloadRecord) -> RangeSet:
    """Return the one range that is the whole file; empty while its size is unknown."""
    return RangeSet([Range(0, record.total_bytes or 0)])


def find_published(record: DownloadRecord, *, any_device: bool) -> PartFile | None:
    """Open the file of a run that got as far as giving it its name.

    Only a record that was whole and verified can have such a file: our inode under the
    final name may also be a partial file that the user renamed.

    Raises:
        DiskError: ``PART_CHANGED`` when it has another size now; the folder is gone.
    """
    assert record.part is not None
    assert record.part_name is not None
    assert record.name is not None
    if record.total_bytes is None or record.synced != whole_of(record):
        return None
    folder = Path(record.directory)
    name = recover_publish(
        folder, record.part_name, record.name, record.part, any_device=any_device
    )
    if name is None:
        return None
    found = PartFile.reopen(folder, name, name, record.part, any_device=any_device)
    if found.size_bytes() != record.total_bytes:
        found.close()
        raise DiskError(f"Another program changed {folder / name}.", code=ErrorCode.PART_CHANGED)
    return found


def reopened(record: DownloadRecord, noted: Noted | None) -> PartFile | None:
    """Open the part of a record; ``None`` when there is none yet, and nothing is claimed of it.

    Raises:
        DiskError: the folder is gone, or the part is not ours any more.
    """
    assert record.part is not None
    assert record.part_name is not None
    assert record.name is not None
    try:
        return PartFile.reopen(
            Path(record.directory),
            record.part_name,
            record.name,
            record.part,
            any_device=noted is None,
        )
    except DiskError as error:
        if _had_no_name(record, noted, error):
            return None
        raise


def _had_no_name(record: DownloadRecord, noted: Noted | None, error: DiskError) -> bool:
    """Return whether a part is missing because a stop came before it had its name.

    Its record knew it before. Without a claim it is not missed, unless its disk is away.
    """
    assert record.part is not None
    if error.code is not ErrorCode.TARGET_LOST or record.synced or (noted and noted.ranges):
        return False
    return noted is None or not is_elsewhere(Path(record.directory), record.part)


def device_of(
    record: DownloadRecord, noted_for: Callable[[DownloadRecord], Noted | None], mounts: Mounts
) -> int | None:
    """Return the number of the disk on which the part of a record must be, if it can be told.

    Within one boot it is the one that it had. A reboot may change it (NFS, btrfs, USB): then it
    is enough that a disk is mounted where that of the part was.
    """
    part, folder = record.part, Path(record.directory)
    if part is None or (noted_for(record) is None and mounts.is_where_it_was(folder)):
        return None
    return part.device


def believed(record: DownloadRecord, part: PartFile, noted: Noted | None) -> Restored:
    """Return what of an open part is data.

    A disk that has another number now was away: what it was told to write, but not to sync,
    may never have come to it, though this machine has not been started anew since.

    Raises:
        DiskError: ``PART_CHANGED`` when another program may have changed it.
    """
    _refuse_touched(part, noted)
    was_away = record.part is not None and part.identity.device != record.part.device
    written = record.synced
    if noted is not None and not was_away:
        written = written.union(noted.ranges)
    kept = written.intersect(RangeSet([Range(0, part.size_bytes())]))
    note = None
    if kept != written:
        note = "The partial file is shorter than it was: the missing part is fetched again."
    return Restored(kept, note)
