"""Store single 64-bit words in a journal file, so that a kill leaves the old or the new word.

Must not know what the words mean. Two ways with one interface: a memory map where the
kernel can be trusted to let us write an allocated page at any time, else ``pwrite`` in
place, which costs some six times as much and reports errors instead of a deadly signal.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import Protocol

from tui_dl.storage.journal_format import WORD_BYTES
from tui_dl.storage.kernel_calls import map_is_safe


class WordFile(Protocol):
    """A file seen as an array of 64-bit words."""

    def store(self, index: int, word: int) -> None:
        """Put one word; another process sees the old or the new one, never a mix."""

    def close(self) -> None:
        """Let go of the file. Idempotent."""


class MappedWords:
    """Words behind a shared memory map: an aligned 8-byte store each."""

    def __init__(self, fd: int, size_bytes: int) -> None:
        """Map ``size_bytes`` of ``fd`` (a copy of the descriptor is kept); close ``fd``."""
        self._map = mmap.mmap(fd, size_bytes)
        os.close(fd)
        self._words = memoryview(self._map).cast("Q")

    def store(self, index: int, word: int) -> None:
        """Put one word with one aligned machine store."""
        self._words[index] = word

    def close(self) -> None:
        """Unmap; what was stored stays in the page cache."""
        self._words.release()
        self._map.close()


class WrittenWords:
    """Words written in place: one 8-byte pwrite each, copied whole by the kernel."""

    def __init__(self, fd: int) -> None:
        """Take over ``fd``."""
        self._fd = fd

    def store(self, index: int, word: int) -> None:
        """Put one word with one system call."""
        os.pwrite(self._fd, struct.pack("=Q", word), index * WORD_BYTES)

    def close(self) -> None:
        """Close the descriptor."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def open_words(fd: int, size_bytes: int) -> WordFile:
    """Take over ``fd`` of a fully written file and return the way to store into it.

    Raises:
        OSError: the file cannot be mapped.
    """
    return MappedWords(fd, size_bytes) if map_is_safe(fd) else WrittenWords(fd)
