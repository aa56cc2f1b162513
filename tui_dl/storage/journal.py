"""The level "written": which ranges of a part file have reached the page cache.

Must not claim a byte before it was written, and is worth nothing after a reboot: then
only what the catalog calls synced counts. Therefore nothing here is ever fsynced. The
page cache outlives a killed process, and a journal that a power cut tears or keeps is
refused by its boot id either way.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from threading import Lock

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.storage.errors import disk_errors, map_os_error
from tui_dl.storage.journal_format import (
    AT_REST,
    HEADER_BYTES,
    OFFSET_LIMIT,
    SLOT_BYTES,
    WORD_BYTES,
    JournalOwner,
    claim_word,
    decode_journal,
    encode_header,
    encode_slots,
    first_words,
    salt_of,
)
from tui_dl.storage.journal_words import WordFile, open_words

_LEAST_SLOTS = 256
_FIRST_WORD = HEADER_BYTES // WORD_BYTES
_WORDS_A_SLOT = SLOT_BYTES // WORD_BYTES


@dataclass(slots=True)
class _OpenSlot:
    start: int
    end: int
    place: int
    """Index of the slot in the file; a compaction may change it."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a journal says of an earlier process."""

    ranges: RangeSet
    last_write_ns: int
    """Wall time right before its last write; 0 when it never wrote."""
    is_at_rest: bool
    """No write was under way at its end: ``last_write_ns`` is the part's exact ctime."""


class WrittenJournal:
    """The journal of one running download. Thread-safe.

    Slots are numbered by the journal for the caller; a number stays valid until it is
    closed, wherever compaction moves its words.
    """

    def __init__(
        self, path: Path, owner: JournalOwner, base: RangeSet = RangeSet(), last_write_ns: int = 0
    ) -> None:
        """Start a journal at ``path``, replacing an older one in one step.

        ``base`` is what is already known to be written; it becomes the first slots.
        ``last_write_ns`` is noted from the start, as by ``note_write``.

        Raises:
            DiskError: the file cannot be made.
        """
        self._path = path
        self._owner = owner
        self._lock = Lock()
        self._settled = base
        self._recent: list[Range] = []
        self._open: dict[int, _OpenSlot] = {}
        self._next_slot = 0
        self._words: WordFile | None = None
        self._capacity = 0
        self._used = 0
        self._salt = 0
        self._last_write_ns = last_write_ns
        self._is_at_rest = False
        with disk_errors(doing="starting the journal", path=path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._rewrite()

    @staticmethod
    def load(path: Path, owner: JournalOwner) -> RangeSet | None:
        """Return the ranges of ``load_noted``, ``None`` when nothing can be believed."""
        noted = WrittenJournal.load_noted(path, owner)
        return None if noted is None else noted.ranges

    @staticmethod
    def load_noted(path: Path, owner: JournalOwner) -> Noted | None:
        """Return what an earlier process had written, ``None`` when nothing can be believed.

        ``None`` means: no journal, another boot, another record or part, or a damaged
        header. Slots that do not prove themselves are left out, and those of another
        generation: such a journal still tells when the part was written last.

        Raises:
            DiskError: the file exists but cannot be read.
        """
        with disk_errors(doing="reading", path=path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        ranges = decode_journal(data, owner)
        if ranges is None:
            return None
        last_write_ns, state = first_words(data)
        return Noted(ranges, last_write_ns, state == AT_REST)

    def open_slot(self, start: int) -> int:
        """Return the number of a new, empty slot at offset ``start``.

        Raises:
            DiskError: the slots ran out and no larger file can be made.
            ValueError: ``start`` is no offset, or the journal is closed.
        """
        if not 0 <= start < OFFSET_LIMIT:
            raise ValueError(f"not an offset: {start}")
        with self._lock:
            if self._used == self._capacity:
                with disk_errors(doing="renewing the journal", path=self._path):
                    self._rewrite()
            words = self._live_words()
            slot = _OpenSlot(start, start, self._used)
            at = _FIRST_WORD + slot.place * _WORDS_A_SLOT
            with disk_errors(doing="writing", path=self._path):
                # Until its length follows, the slot claims nothing.
                words.store(at, start)
                words.store(at + 1, 0)
            self._used += 1
            number = self._next_slot
            self._next_slot += 1
            self._open[number] = slot
            return number

    def advance(self, slot: int, end: int) -> None:
        """Claim the bytes of ``slot`` up to ``end``, which have been written before.

        Raises:
            DiskError: the file took no more (only where the journal is not mapped).
            ValueError: ``slot`` is not open, or ``end`` is before what it claims.
        """
        with self._lock:
            entry = self._entry(slot)
            if not entry.end <= end < OFFSET_LIMIT:
                raise ValueError(f"slot {slot} cannot go from {entry.end} to {end}")
            at = _FIRST_WORD + entry.place * _WORDS_A_SLOT + 1
            try:
                self._live_words().store(at, claim_word(entry.start, end, entry.place, self._salt))
            except OSError as error:
                raise map_os_error(error, doing="writing", path=self._path) from error
            entry.end = end

    def note_write(self, now_ns: int) -> None:
        """Note the wall time right before a write of the part, for ``load``.

        It stands in a slot of its own that claims nothing, as one store like any other.
        After ``close`` nothing is noted.

        Raises:
            DiskError: the file took no more (only where the journal is not mapped).
        """
        with self._lock:  # a compaction in another thread swaps the file under us
            was_at_rest, self._is_at_rest = self._is_at_rest, False
            self._last_write_ns = now_ns
            if self._words is None:
                return
            try:
                if was_at_rest:
                    self._words.store(_FIRST_WORD + 1, 0)
                self._words.store(_FIRST_WORD, now_ns)
            except OSError as error:
                raise map_os_error(error, doing="writing", path=self._path) from error

    @property
    def last_write_ns(self) -> int:
        """What ``note_write`` was told last."""
        with self._lock:
            return self._last_write_ns

    def note_rest(self, changed_ns: int) -> None:
        """Note that no write is under way any more, and the part's own ctime.

        Raises:
            DiskError: as of ``note_write``.
        """
        with self._lock:
            self._is_at_rest = True
            self._last_write_ns = max(changed_ns, AT_REST)
            if self._words is None:
                return
            try:
                self._words.store(_FIRST_WORD, self._last_write_ns)
                self._words.store(_FIRST_WORD + 1, AT_REST)
            except OSError as error:
                raise map_os_error(error, doing="writing", path=self._path) from error

    def close_slot(self, slot: int) -> None:
        """Say that ``slot`` will not move any more. Its claim stays.

        Raises:
            ValueError: ``slot`` is not open.
        """
        with self._lock:
            entry = self._entry(slot)
            del self._open[slot]
            if entry.start < entry.end:
                self._recent.append(Range(entry.start, entry.end))

    def ranges(self) -> RangeSet:
        """Return all that this journal claims."""
        with self._lock:
            self._settle()
            moving = ((entry.start, entry.end) for entry in self._open.values())
            return RangeSet((*self._settled, *moving))

    def close(self) -> None:
        """Let go of the file and leave it where it is. Idempotent."""
        with self._lock:
            words, self._words = self._words, None
            if words is not None:
                words.close()

    def remove(self) -> None:
        """Close and delete the file: the download is over or its claims are synced.

        Raises:
            DiskError: the file cannot be deleted.
        """
        self.close()
        with disk_errors(doing="deleting", path=self._path), suppress(FileNotFoundError):
            self._path.unlink()

    def _entry(self, slot: int) -> _OpenSlot:
        entry = self._open.get(slot)
        if entry is None:
            raise ValueError(f"slot {slot} is not open")
        return entry

    def _live_words(self) -> WordFile:
        if self._words is None:
            raise ValueError("the journal is closed")
        return self._words

    def _settle(self) -> None:
        if self._recent:
            self._settled = self._settled.union(self._recent)
            self._recent.clear()

    def _rewrite(self) -> None:
        """Write finished claims merged, then the open slots, and rename the new file over.

        Until the rename the old file is whole; if anything fails it stays in use.
        """
        self._settle()
        moving = list(self._open.values())
        pairs = [(r.start, r.end) for r in self._settled]
        first_open = 1 + len(pairs)
        pairs += [(entry.start, entry.end) for entry in moving]
        capacity = 1 + max(_LEAST_SLOTS, 2 * len(pairs))
        header = encode_header(self._owner, capacity)
        salt = salt_of(header)
        mark = AT_REST if self._is_at_rest else 0
        # Real zeros, not a hole: a store into a hole of a full disk kills the process.
        slots = encode_slots((self._last_write_ns, mark), pairs, capacity, salt)
        fresh = _write_and_open(self._path, header + slots)
        old, self._words = self._words, fresh
        self._salt = salt
        if old is not None:
            old.close()
        for place, entry in enumerate(moving, first_open):
            entry.place = place
        self._capacity = capacity
        self._used = 1 + len(pairs)


def sweep_journals(folder: Path, wanted_ids: Collection[str]) -> None:
    """Delete the journals that a kill left behind after their download was over."""
    with suppress(OSError):  # they do no harm
        for path in folder.iterdir():
            if path.name.partition(".")[0] not in wanted_ids:
                path.unlink()


def _write_and_open(path: Path, content: bytes) -> WordFile:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(content)
        words = open_words(fd, len(content))
    except BaseException:  # a cancel too: undone, then raised again
        os.close(fd)
        temporary.unlink(missing_ok=True)
        raise
    try:
        temporary.replace(path)
    except BaseException:  # a cancel too: undone, then raised again
        words.close()
        raise
    return words
