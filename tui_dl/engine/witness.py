"""What proves later which bytes of a part are ours: its journal, its stamps, a watch on its path.

Must not write to the part that a ``target.py`` has open, nor close it. All but the stamps may
run in the disk pool.
"""

from __future__ import annotations

from pathlib import Path
from time import time_ns

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.write_stamps import WriteStamps
from tui_dl.storage.journal import Noted, WrittenJournal
from tui_dl.storage.journal_format import JournalOwner
from tui_dl.storage.part_file import PartFile
from tui_dl.storage.tampering import PartWatch, was_touched_since

NO_TIME_NS = 0
"""No file has it: noted for a part that is not to be believed."""


class Witness:
    """Of one part at a time, and of none at first."""

    def __init__(self, journal_path: Path, boot_id: bytes) -> None:
        self.stamps = WriteStamps()
        self._journal_path = journal_path
        self._boot_id = boot_id
        self._journal: WrittenJournal | None = None
        self._unused: WrittenJournal | None = None
        """Made, but perhaps nobody came back to use it: a cancel."""
        self._watch: PartWatch | None = None

    @property
    def has_nothing(self) -> bool:
        """Whether there is neither a journal nor a watch that would have to be closed."""
        return self._watch is None and self._journal is None and self._unused is None

    def noted_for(self, record: DownloadRecord) -> Noted | None:
        """Return what the journal of a record claims, ``None`` when nothing can be believed.

        Raises:
            DiskError: the journal is there but cannot be read.
        """
        return WrittenJournal.load_noted(self._journal_path, JournalOwner.of(record, self._boot_id))

    def use_part(self, part: PartFile) -> None:
        """Look at this part from now on."""
        self.stamps.use_part(part)
        self._watch = PartWatch(part.part_path)

    def new_journal(self, record: DownloadRecord, written: RangeSet) -> WrittenJournal:
        """Write a journal that claims ``written``; the one that is in use stays so.

        Raises:
            DiskError: it cannot be made.
        """
        owner = JournalOwner.of(record, self._boot_id)
        # From now: what made the part, or cut it to size, is ours as well.
        journal = WrittenJournal(self._journal_path, owner, written, last_write_ns=time_ns())
        self._unused = journal
        return journal

    def use_journal(self, journal: WrittenJournal | None) -> None:
        """Tell this journal of writes from now on, and close the one before; what it claims stays.

        ``None``: tell none. Idempotent.
        """
        others = (self._journal, self._unused)
        self._journal, self._unused = journal, None
        self.stamps.use_journal(journal)
        for other in others:
            if other is not None and other is not journal:
                other.close()

    def settle(self, record: DownloadRecord, written: RangeSet) -> None:
        """Begin the journal of a part that was moved to where its record says, and close it.

        Raises:
            DiskError: the part is not there, or the journal cannot be made.
        """
        assert record.part is not None
        assert record.part_name is not None
        assert record.name is not None
        part = PartFile.reopen(Path(record.directory), record.part_name, record.name, record.part)
        try:
            journal = self.new_journal(record, written)
            journal.note_rest(part.changed_ns())
            journal.close()
        finally:
            part.close()

    def refuse_other_writers(self, part: PartFile) -> None:
        """Look whether somebody else wrote to the part while it was ours (trap D5).

        Raises:
            DiskError: ``PART_CHANGED``.
        """
        if self._watch is None:
            return
        written = self._watch.was_written_by_another()
        if written is None and self._journal is not None:  # then its times must tell
            changed_ns = part.changed_ns()
            written = was_touched_since(changed_ns, self._journal.last_write_ns, is_exact=False)
        if written:
            raise DiskError(
                f"Another program wrote to {part.part_path}.", code=ErrorCode.PART_CHANGED
            )

    def rest(self, part: PartFile | None) -> None:
        """Note that nothing of ours is under way any more, and watch no more.

        A part is still open. What somebody else wrote to it since the last look is not taken
        for ours.
        """
        try:
            if self._journal is not None and part is not None:
                is_ours = self._watch is None or not self._watch.was_written_by_another()
                self._journal.note_rest(part.changed_ns() if is_ours else NO_TIME_NS)
        finally:
            self.stop_watching()

    def stop_watching(self) -> None:
        """Let go of the watch. Idempotent."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def take_back(self, record: DownloadRecord) -> None:
        """Claim no more than what was synced: the kernel could not write the rest.

        The time stays noted without being exact: a file system that was cut off from its disk
        forgets changes of times as well.

        Raises:
            DiskError: the journal cannot be made.
        """
        self.use_journal(None)
        self.new_journal(record, record.synced).close()

    def forget(self) -> None:
        """Delete the journal, which is closed: nobody will ask for its claims."""
        self._journal_path.unlink(missing_ok=True)
