"""The bytes of one open file, by its descriptor alone: write, read, sync, hash, an orderly end.

Must not know names in folders: those are ``part_file.py``. ``write_at`` and ``read_at`` may be
called from several threads at once, everything else from one thread at a time.
"""

from __future__ import annotations

import errno
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage.descriptor import DrainedDescriptor
from tui_dl.storage.errors import disk_errors, map_os_error
from tui_dl.storage.marks import mark_file

_HASH_STEP_BYTES = 1024 * 1024
_TAKES_NO_PIPES = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})


class OpenFile(ABC):
    """One descriptor and what became of its bytes. Closed only when no call is in flight."""

    __slots__ = ("_file", "_sync_failed", "takes_pipes")

    def __init__(self, fd: int) -> None:
        """Take over an open descriptor."""
        self._file = DrainedDescriptor(fd)
        self._sync_failed = False
        self.takes_pipes = True
        """Whether the file system has taken every pipe so far (``write_pipe``)."""

    @property
    @abstractmethod
    def part_path(self) -> Path:
        """Where the bytes are, for what errors say."""

    def write_at(self, data: memoryview | bytes, offset: int) -> None:
        """Write all of ``data`` (bytes, item size 1) at ``offset``; loops on short writes.

        Raises:
            DiskError: the disk is full, gone or failing; some of the bytes may be written.
            RuntimeError: the file is closed.
        """
        fd = self._file.enter()
        try:
            written = os.pwrite(fd, data, offset)
            if written != len(data):
                _write_rest(fd, memoryview(data), offset, written)
        except OSError as error:
            raise map_os_error(error, doing="writing", path=self.part_path) from error
        finally:
            self._file.leave()

    def write_pipe(self, pipe: int, count: int, offset: int) -> None:
        """Write ``count`` bytes at ``offset`` that are in ``pipe``, without reading them if
        the file system takes them so.

        Raises:
            DiskError: the disk is full, gone or failing; some of the bytes may be written.
            RuntimeError: the file is closed.
        """
        fd = self._file.enter()
        try:
            left = count
            while left and self.takes_pipes:
                left -= self._splice(pipe, fd, left, offset + count - left)
            while left:
                data = memoryview(os.read(pipe, left))
                _write_rest(fd, data, offset + count - left, 0)
                left -= len(data)
        except OSError as error:
            raise map_os_error(error, doing="writing", path=self.part_path) from error
        finally:
            self._file.leave()

    def _splice(self, pipe: int, fd: int, count: int, offset: int) -> int:
        """Move up to ``count`` bytes; 0 once the file system turns out to take no pipes."""
        try:
            moved = os.splice(pipe, fd, count, offset_dst=offset, flags=os.SPLICE_F_NONBLOCK)
        except OSError as error:
            if error.errno not in _TAKES_NO_PIPES:
                raise
            self.takes_pipes = False
            return 0
        if moved == 0:
            raise OSError(errno.EIO, "the file took no more bytes")
        return moved

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; fewer only at the end of the file.

        Raises:
            DiskError: the disk failed.
            RuntimeError: the file is closed.
        """
        pieces: list[bytes] = []
        with self._descriptor("reading") as fd:
            while size > 0 and (piece := os.pread(fd, size, offset)):
                pieces.append(piece)
                offset += len(piece)
                size -= len(piece)
        return b"".join(pieces)

    def size_bytes(self) -> int:
        """Return the length of the file now. It does not say which bytes are valid."""
        with self._descriptor("reading") as fd:
            return os.fstat(fd).st_size

    def changed_ns(self) -> int:
        """Return the time of the last status change, which no program can set back."""
        with self._descriptor("looking at") as fd:
            return os.fstat(fd).st_ctime_ns

    def sync_all(self) -> None:
        """Put bytes and metadata on stable storage, as ``sync`` does; not the name.

        Raises:
            DiskError: as of ``sync``.
        """
        self._sync(os.fsync)

    def set_size(self, size_bytes: int) -> None:
        """Cut or extend the file to exactly ``size_bytes``; new bytes read as zeros.

        Raises:
            DiskError: the file system cannot hold that size.
        """
        with self._descriptor("resizing") as fd:
            os.ftruncate(fd, size_bytes)

    def mark(self, modified: datetime | None, attributes: Mapping[str, str]) -> str | None:
        """Give it a date and extended attributes; return why it could not be done."""
        with self._file.in_use() as fd:
            return mark_file(fd, modified, attributes)

    def hash_file(self, algorithm: str, progress: Callable[[int], bool]) -> str:
        """Return the digest of the whole file as lower-case hex; reads 1 MiB at a time.

        ``progress`` gets the bytes of each step and returns ``False`` to stop.

        Raises:
            InterruptedError: it did.
            DiskError: the disk failed.
            RuntimeError: the file was closed meanwhile.
            ValueError: the algorithm is unknown here.
        """
        digest = hashlib.new(algorithm, usedforsecurity=False)
        buffer = memoryview(bytearray(_HASH_STEP_BYTES))
        offset = 0
        while True:
            with self._descriptor("reading") as fd:
                count = os.preadv(fd, [buffer], offset)
            if count == 0:
                return digest.hexdigest()
            digest.update(buffer[:count])
            offset += count
            if not progress(count):
                raise InterruptedError(f"hashing of {self.part_path} was stopped")

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._file.is_closed

    def close(self) -> None:
        """Refuse new calls, wait until those in flight are done, close. Idempotent.

        Raises:
            DiskError: the file system reported a lost write at the close (NFS).
        """
        with disk_errors(doing="closing", path=lambda: self.part_path):
            self._file.close()

    @contextmanager
    def _descriptor(self, doing: str) -> Iterator[int]:
        with self._file.in_use() as fd, disk_errors(doing=doing, path=lambda: self.part_path):
            yield fd

    def _sync(self, call: Callable[[int], None]) -> None:
        if self._sync_failed:
            raise DiskError(
                f"Bytes of {self.part_path} were lost on the way to the disk.",
                code=ErrorCode.DISK_IO,
            )
        try:
            with self._descriptor("saving") as fd:
                call(fd)
        except DiskError:
            self._sync_failed = True
            raise


def _write_rest(fd: int, data: memoryview, offset: int, done: int) -> None:
    while done < len(data):
        written = os.pwrite(fd, data[done:], offset + done)
        if written == 0:
            raise OSError(errno.EIO, "the file took no more bytes")
        done += written
