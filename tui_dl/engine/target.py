"""The file that one download fills: its part from reservation to publication, and the writer.

Must not know connections or statuses, nor how it is proved later whose bytes these are:
``witness.py`` has the journal. Syncs run in the disk pool; so does everything else
until the disk has proved quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.disk import DiskPace, MeasuredWriter, Pools
from tui_dl.engine.plan import ForgetfulBook, Plan
from tui_dl.engine.restored import Restored, believed, device_of, find_published, reopened, whole_of
from tui_dl.engine.witness import Witness
from tui_dl.storage.holes import has_lost_bytes
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.mounts import Mounts
from tui_dl.storage.part_file import PartFile
from tui_dl.storage.room import Room, allocated_bytes
from tui_dl.storage.tampering import THROTTLED_SLACK_NS

Result = TypeVar("Result")


class FileTarget:
    """Owns the part file; its journal and its watch open and close with it."""

    def __init__(
        self,
        pools: Pools,
        pace: DiskPace,
        journal_path: Path,
        boot_id: bytes,
        *,
        room: Room | None = None,
        mounts: Mounts | None = None,
        keep_free: int = 0,
        checkpoints: bool = True,
    ) -> None:
        self._room = room or Room()
        self._mounts = mounts or Mounts()
        self._keep_free = keep_free
        self._plan: Plan | None = None
        self.part: PartFile | None = None
        self._new: PartFile | None = None
        """A part that has no name yet: the record must know it before."""
        self._prepared_bytes: int | None = None
        self._is_landed = False
        self._pools = pools
        self._pace = pace
        self._checkpoints = checkpoints
        self._writer: MeasuredWriter | None = None
        self._witness = Witness(journal_path, boot_id)
        self._stamps = self._witness.stamps

    # -- opening

    async def restore(self, record: DownloadRecord) -> Restored:
        """Open what an earlier run left, as far as it can be believed.

        Raises:
            DiskError: the folder is gone, or the part is not ours any more.
        """
        if record.part is None:
            return Restored(RangeSet())
        return await self._in_pool(self._restore, record)

    def _restore(self, record: DownloadRecord) -> Restored:
        if record.part is None or record.part_name is None or record.name is None:
            return Restored(RangeSet())
        noted = self._witness.noted_for(record)
        self.part = published = find_published(record, any_device=noted is None)
        if published is not None:
            return Restored(whole_of(record), published_name=published.name)
        part = reopened(record, noted)
        if part is None:
            return Restored(RangeSet())
        self._use(part)
        return believed(record, part, noted)

    def device_of_part(self, record: DownloadRecord) -> int | None:
        """Return the number of the disk of an open part, or where one must be: ``device_of``."""
        if self.part is not None:
            return self.part.identity.device
        return device_of(record, self._witness.noted_for, self._mounts)

    async def prepare(self, directory: Path, name: str, total: int | None) -> PartFile:
        """Make a part file for a free name, if the disk has room for it.

        It belongs to nobody until its record knows it; then ``place`` it.

        Raises:
            DiskError: no room, its disk is away, or the folder takes no file.
        """
        return await self.call(self._prepare, directory, name, total)

    def _prepare(self, directory: Path, name: str, total: int | None) -> PartFile:
        self._mounts.check(directory)
        self._claim_room(directory, total)
        self._new = part = PartFile.prepare(directory, name)
        if total:
            part.set_size(total)
        self._prepared_bytes = total
        return part

    async def claim_room(self, total: int | None) -> None:
        """Have what is missing of ``total`` bytes promised: what runs already comes first.

        Raises:
            DiskError: ``DISK_FULL``.
        """
        await self._in_pool(self._claim_room, self._file.directory, total)

    def _claim_room(self, directory: Path, total: int | None) -> None:
        def left() -> int:
            part, plan = self.part, self._plan  # another thread may let go of them
            done = plan.done_bytes if plan else 0
            if part is not None and part.is_placed and done < (total or 0):
                done = max(done, allocated_bytes(part.part_path))
            return max(0, (total or 0) - done)

        need = left()
        if total is None or need:
            self._room.claim(self, directory, need, self._keep_free, left)

    @property
    def is_unnamed(self) -> bool:
        """Whether bytes go into a part that has no name: a stop leaves nothing of it."""
        return self.part is not None and not self.part.is_placed

    def use_unnamed(self, plan: Plan) -> None:
        """Begin to fill the prepared part as it is; ``place`` or a landing names it later."""
        assert self._new is not None
        self._plan = plan
        part, self._new = self._new, None
        self._write_to(part)

    async def place(self) -> bool:
        """Give the part its name; ``False`` when it has changed: tell the record.

        Raises:
            DiskError: the folder takes no file; what a part holds that has no name is lost.
        """
        with self._stamps.under_way():
            return await self.call(self._place)

    def _place(self) -> bool:
        part = self._new or self._file
        self._stamps.before()
        if not part.place(is_empty=part is self._new):
            return False
        self._stamps.before()
        self._new = None
        self._use(part)
        return True

    def _use(self, part: PartFile) -> None:
        if part is not self.part:
            self._write_to(part)
        self._witness.use_part(part)

    def _write_to(self, part: PartFile) -> None:
        self.part = part
        self._writer = MeasuredWriter(part, self._pace, self._pools)

    async def keep_journal(self, record: DownloadRecord, plan: Plan) -> None:
        """Note positions of ``plan`` from now on, beginning with what is written."""
        journal: WrittenJournal | None = None
        if self._checkpoints and record.part is not None:
            journal = await self.call(self._witness.new_journal, record, plan.written())
        self._witness.use_journal(journal)  # not before: workers go on with the one they have
        self._plan = plan
        plan.attach(journal or ForgetfulBook())
        if journal is not None and self.part is not None:
            self._stamps.after()

    async def settle(self, record: DownloadRecord, written: RangeSet) -> None:
        """Begin the journal of a part that was moved to where its record says, and rest.

        Raises:
            DiskError: the part is not there, or the journal cannot be made.
        """
        await self._in_pool(self._witness.settle, record, written)

    # -- bytes

    @property
    def is_quick(self) -> bool:
        """Whether ``write_now`` may be called."""
        return self._writer is not None and self._writer.is_quick

    def write_now(self, data: memoryview, offset: int) -> None:
        """Write from the loop."""
        assert self._writer is not None
        self._stamps.before()
        self._writer.write_now(data, offset)
        self._stamps.after()

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be called."""
        return self._writer is not None and self._writer.takes_pipes

    def write_pipe(self, pipe: int, count: int, offset: int) -> None:
        """Write from the loop what is in a pipe."""
        assert self._writer is not None
        self._stamps.before()
        self._writer.write_pipe(pipe, count, offset)
        self._stamps.after()

    async def write_later(self, data: memoryview, offset: int) -> None:
        """Write through the disk pool."""
        assert self._writer is not None
        with self._stamps.under_way():
            slow = partial(self._stamps.before, THROTTLED_SLACK_NS)
            await self._writer.write_later(data, offset, slow)
            self._stamps.before()

    async def read_back(self, offset: int, size: int) -> bytes:
        """Read bytes that were written."""
        return await self._in_pool(self._file.read_at, offset, size)

    async def sync(self) -> None:
        """Bring written bytes to stable storage."""
        await self._in_pool(self._file.sync)

    async def check(self, total: int | None) -> None:
        """Look whether the part is still in place and as long as it was made.

        Raises:
            DiskError: somebody moved, deleted or shortened it.
        """
        await self.call(self._check, total)

    def _check(self, total: int | None) -> None:
        self._file.check_in_place()
        self._witness.refuse_other_writers(self._file)
        if total is not None and self._file.size_bytes() < total:
            raise DiskError(
                f"Another program shortened {self._file.part_path}.", code=ErrorCode.PART_CHANGED
            )

    # -- the end

    async def finish(self, total: int) -> None:
        """Give the part exactly ``total`` bytes and bring all of it to stable storage."""
        with self._stamps.under_way():
            await self._in_pool(self._finish, total)

    def _finish(self, total: int) -> None:
        self._settle_size(total)
        self._file.sync(metadata_too=True)

    def rest(self) -> PartFile:
        """Return the whole part, for its landing; it needs no more room."""
        self._room.release(self)
        return self._file

    def let_go_of_landed(self) -> None:
        """Forget the part: it has its final name and is closed."""
        self.part = self._writer = None
        self._is_landed = self._witness.has_nothing

    async def mark(self, modified: datetime | None, attributes: Mapping[str, str]) -> str | None:
        """Give the part a date and attributes; return why it could not be done."""
        with self._stamps.under_way():
            self._stamps.before(THROTTLED_SLACK_NS)
            return await self._in_pool(self._file.mark, modified, attributes)

    async def settle_size(self, total: int) -> None:
        """Give the part exactly ``total`` bytes."""
        if self.is_unnamed and total == self._prepared_bytes:
            return  # nobody else could reach it
        with self._stamps.under_way():
            await self.call(self._settle_size, total)
        self._prepared_bytes = total

    def _settle_size(self, total: int) -> None:
        if self._file.size_bytes() != total:
            self._file.set_size(total)
            self._stamps.before()

    async def hash(self, algorithm: str, progress: Callable[[int], bool]) -> str:
        """Return the digest of the whole file; ``progress`` runs in a thread."""
        return await self._pools.run(self._pools.hashing, self._file.hash_file, algorithm, progress)

    async def publish(self) -> str:
        """Give the finished file its final name without replacing; return the name."""
        return await self._in_pool(self._publish)

    def _publish(self) -> str:
        self._file.check_in_place()
        self._witness.refuse_other_writers(self._file)
        path = self._file.part_path
        if has_lost_bytes(path):
            raise DiskError(f"Another program cut {path}.", code=ErrorCode.PART_CHANGED)
        return self._file.publish()

    async def start_over(self) -> None:
        """Drop all bytes of the old generation; the name stays reserved.

        The old journal stays: of another generation it claims nothing, but it still tells
        whether somebody else touched the part.
        """
        self._plan = None
        if self.part is not None:
            with self._stamps.under_way():
                await self._in_pool(self._empty)

    def _empty(self) -> None:
        size = self._file.size_bytes()
        self._stamps.before()
        self._file.set_size(0)
        self._file.set_size(size)
        self._stamps.before()

    async def let_go_of_part(self) -> None:
        """Close the part and leave it where it is; the target is without one then."""
        self._stamps.use_part(None)
        await self._in_pool(self._let_go_of_part)

    def _let_go_of_part(self) -> None:
        part, self.part = self.part, None
        self._writer = None
        self._witness.stop_watching()
        if part is not None:
            part.close()

    async def put_aside(self) -> str:
        """Rename a part that must not be used, so that its name is free; return its path."""
        self._stamps.use_part(None)
        return await self._in_pool(self._put_aside)

    def _put_aside(self) -> str:
        self._file.rename_part_aside()
        path = str(self._file.part_path)
        self._file.close()
        self.part = None
        return path

    async def discard(self) -> None:
        """Delete the part if it is open and still our file, so that its name is free again.

        Raises:
            DiskError: the folder may not be changed.
        """
        await self._in_pool(self._discard)

    def _discard(self) -> None:
        # Under its final name it is the user's file, changed or not.
        if self.part is not None and self.part.part_name != self.part.name:
            self.part.discard()

    async def close(self, *, forget: bool = False) -> None:
        """Wait for writes under way and close. ``forget`` also deletes the journal."""
        self._stamps.stop()
        if not self._is_landed:  # then nothing is open, and there never was a journal
            await self.call(self._close, forget)

    def _close(self, forget: bool) -> None:
        self._room.release(self)
        part, self.part = self.part, None
        new, self._new = self._new, None
        if new is not None:
            if new.is_placed:
                new.discard()
            new.close()
        self._witness.rest(part)
        if part is not None:
            part.close()
        self._witness.use_journal(None)
        if forget:
            self._witness.forget()

    async def take_back(self, record: DownloadRecord) -> None:
        """Believe no byte that was not synced, before ``close``; raises as ``Witness`` does."""
        self._stamps.stop()
        await self._in_pool(self._witness.take_back, record)

    async def _in_pool(self, work: Callable[..., Result], *args: Any) -> Result:
        return await self._pools.run(self._pools.disk, work, *args)

    async def call(self, work: Callable[..., Result], *args: Any) -> Result:
        """Run short ``work`` on the file's disk; it must not wait for a sync."""
        return await self._pools.call(self._pace, work, *args)

    @property
    def _file(self) -> PartFile:
        if self.part is None:
            raise DiskError("The part file is not open.", code=ErrorCode.INTERNAL)
        return self.part
