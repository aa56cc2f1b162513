"""Read an SQLite file without SQLite, page by page, to save rows when the file is damaged.

Must not trust any number that it reads: every page, pointer and length may be garbage.
Layout: the "Database File Format" and "WAL-mode File Format" chapters of SQLite's manual.
Only tables are read, and only their leaves: the tree above them is not needed to find rows.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from tui_dl.domain.quick_dataclass import dataclass

PAGE_BYTES = 4096
"""The page size of every catalog; it is set when the file is made."""

Value = int | float | str | bytes | None

_MAGIC = b"SQLite format 3\0"
_TABLE_LEAF = 0x0D
_LEAF_HEADER_BYTES = 8
_FILE_HEADER_BYTES = 100
_WAL_HEADER_BYTES = 32
_WAL_FRAME_HEADER_BYTES = 24
_WAL_MAGICS = frozenset({0x377F0682, 0x377F0683})
_FORMATS = (1, 2)  # rollback journal, write-ahead log


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What page 1 says about the file."""

    is_plausible: bool
    """Whether the fields that we never change have the values that we write."""
    is_blank: bool
    """Whether there is no table and no version yet: creation was cut short."""
    user_version: int
    application_id: int


def read_header(path: Path) -> FileHeader | None:
    """Return the header of a database, ``None`` when the file is missing or empty.

    A page 1 in the write-ahead log beside it is newer and counts.

    Raises:
        OSError: the file cannot be read.
    """
    newer = _wal_pages(_read(_wal_path(path)))
    page = newer.get(1) or _read(path, PAGE_BYTES)
    if not page:
        return None
    page = page.ljust(PAGE_BYTES, b"\0")
    encoding, user_version = struct.unpack_from(">II", page, 56)
    (mark,) = struct.unpack_from(">I", page, 68)
    kind, tables = struct.unpack_from(">BxxH", page, _FILE_HEADER_BYTES)
    is_plausible = (
        page.startswith(_MAGIC)
        and struct.unpack_from(">H", page, 16)[0] == PAGE_BYTES
        and page[18] in _FORMATS
        and page[19] in _FORMATS
        and page[20:24] == bytes((0, 64, 32, 32))
        and encoding <= 1
    )
    is_blank = kind == _TABLE_LEAF and tables == user_version == mark == 0
    return FileHeader(is_plausible, is_blank, user_version, mark)


class PageImage:
    """The pages of a database as its last commit left them, a WAL beside it included."""

    def __init__(self, path: Path) -> None:
        """Read the file, and ``path``-wal if there is one. Missing files are empty.

        Raises:
            OSError: a file exists but cannot be read.
        """
        self._data = _read(path)
        self._newer = _wal_pages(_read(_wal_path(path)))
        self._file_pages = -(-len(self._data) // PAGE_BYTES)
        self._size_bytes = len(self._data) + len(self._newer) * PAGE_BYTES

    def page(self, number: int) -> bytes | None:
        """Return page ``number`` (from 1), short pages padded with zeros; ``None`` beyond."""
        newer = self._newer.get(number)
        if newer is not None:
            return newer
        if not 1 <= number <= self._file_pages:
            return None
        at = (number - 1) * PAGE_BYTES
        return self._data[at : at + PAGE_BYTES].ljust(PAGE_BYTES, b"\0")

    def rows(self) -> Iterator[tuple[int, tuple[Value, ...]]]:
        """Yield (page number, columns) of every row of every table that can be read."""
        for number in sorted({*range(1, self._file_pages + 1), *self._newer}):
            page = self.page(number)
            if page is not None:
                for payload in self._payloads(page, _FILE_HEADER_BYTES if number == 1 else 0):
                    columns = _columns(payload)
                    if columns is not None:
                        yield number, columns

    def _payloads(self, page: bytes, at: int) -> Iterator[bytes]:
        if page[at] != _TABLE_LEAF:
            return
        (cells,) = struct.unpack_from(">H", page, at + 3)
        first = at + _LEAF_HEADER_BYTES
        room = (PAGE_BYTES - first) // 2
        for (pointer,) in struct.iter_unpack(">H", page[first : first + 2 * min(cells, room)]):
            payload = self._payload(page, pointer)
            if payload is not None:
                yield payload

    def _payload(self, page: bytes, at: int) -> bytes | None:
        size, at = _varint(page, at)
        _rowid, at = _varint(page, at)
        if not 0 < size <= self._size_bytes:
            return None
        local = _local_bytes(size)
        if at + local > PAGE_BYTES:
            return None
        pieces = [page[at : at + local]]
        left = size - local
        if left:
            if at + local + 4 > PAGE_BYTES:
                return None
            (next_page,) = struct.unpack_from(">I", page, at + local)
            # Each page carries the same amount, so a circle of pages ends with ``left``.
            while left > 0:
                overflow = self.page(next_page)
                if overflow is None:
                    return None
                (next_page,) = struct.unpack_from(">I", overflow)
                pieces.append(overflow[4 : 4 + left])
                left -= PAGE_BYTES - 4
        return b"".join(pieces)


def _local_bytes(size: int) -> int:
    """Return how much of a row stays on its leaf, the rest being in overflow pages."""
    largest = PAGE_BYTES - 35
    if size <= largest:
        return size
    smallest = (PAGE_BYTES - 12) * 32 // 255 - 23
    kept = smallest + (size - smallest) % (PAGE_BYTES - 4)
    return kept if kept <= largest else smallest


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an integer of 1 to 9 bytes and the place after it; 0 beyond the end."""
    value = 0
    for index in range(9):
        byte = data[at + index] if at + index < len(data) else 0
        if index == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    raise AssertionError("a ninth byte always ends it")


def _columns(payload: bytes) -> tuple[Value, ...] | None:
    """Return the values of one record, ``None`` when its header does not fit its length."""
    header_size, at = _varint(payload, 0)
    if not at <= header_size <= len(payload):
        return None
    kinds: list[int] = []
    while at < header_size:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    at = header_size
    for kind in kinds:
        size = _value_bytes(kind)
        if at + size > len(payload):
            return None
        values.append(_value(kind, payload[at : at + size]))
        at += size
    return tuple(values)


def _value_bytes(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _value(kind: int, raw: bytes) -> Value:
    if kind >= 12:
        return raw.decode("utf-8", "replace") if kind % 2 else raw
    if kind == 7:
        number: float = struct.unpack(">d", raw)[0]
        return number
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(raw, "big", signed=True) if raw else None


def _wal_pages(wal: bytes) -> dict[int, bytes]:
    """Return the newest committed version of each page in a write-ahead log.

    Checksums of frames are not checked: rows carry their own.
    """
    committed: dict[int, bytes] = {}
    if len(wal) < _WAL_HEADER_BYTES or struct.unpack_from(">I", wal)[0] not in _WAL_MAGICS:
        return committed
    salt = wal[16:24]
    pending: dict[int, bytes] = {}
    step = _WAL_FRAME_HEADER_BYTES + PAGE_BYTES
    for at in range(_WAL_HEADER_BYTES, len(wal) - step + 1, step):
        number, size_after_commit = struct.unpack_from(">II", wal, at)
        if wal[at + 8 : at + 16] != salt:
            break
        pending[number] = wal[at + _WAL_FRAME_HEADER_BYTES : at + step]
        if size_after_commit:
            committed.update(pending)
            pending.clear()
    return committed


def _wal_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _read(path: Path, most_bytes: int | None = None) -> bytes:
    """Return what can be read of a file: pages that the disk refuses read as zeros."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        size = os.fstat(fd).st_size
        wanted = size if most_bytes is None else min(size, most_bytes)
        pieces: list[bytes] = []
        for at in range(0, wanted, PAGE_BYTES):
            length = min(PAGE_BYTES, wanted - at)
            pieces.append(_read_page(fd, length, at).ljust(length, b"\0"))
        return b"".join(pieces)
    finally:
        os.close(fd)


def _read_page(fd: int, length: int, at: int) -> bytes:
    try:
        return os.pread(fd, length, at)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""
