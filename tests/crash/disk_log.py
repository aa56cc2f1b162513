"""Record what a download asks of its disk: writes, sizes, names, syncs and catalog commits.

Sits between our storage code and the operating system, which does everything as usual.
Must not judge: ``images.py`` decides what a power cut may have left of it. SQLite is
taken at its word: a commit is recorded as one step, durable when we asked for that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.disk_faults import replace_writes
from tui_dl.storage import publish
from tui_dl.storage.catalog import Catalog

_UNNAMED = getattr(os, "O_TMPFILE", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that was done, between two points of one common count."""

    began: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Step):
    """Bytes at an offset of a file."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Step):
    """A file was cut or extended."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFile(Step):
    """All that was written to a file before this began is on the disk once it has ended."""

    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names(Step):
    """Entries of the folder: ``gone`` vanished, ``name`` leads to ``inode`` now."""

    name: str | None
    inode: int
    gone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFolder(Step):
    """All entries made before this began are on the disk once it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Step):
    """A whole catalog as a transaction left it, and the journals beside it then."""

    durable: bool
    database: bytes
    journals: dict[str, bytes]


class DiskLog:
    """The steps on one target folder and one catalog. Thread-safe."""

    def __init__(self, folder: Path, *, syncs_are_lies: bool = False) -> None:
        """``syncs_are_lies`` leaves syncs of files and folders out: a disk that ignores them."""
        self.folder = folder
        self.steps: list[Step] = []
        self._syncs_are_lies = syncs_are_lies
        status = folder.stat()
        self._folder_inode, self._device = status.st_ino, status.st_dev
        self._files: set[int] = set()
        self._clock = count(1)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Listen to all calls of this process for the length of the block."""
        with pytest.MonkeyPatch.context() as patch:
            replace_writes(patch, self._pwrite(os.pwrite))
            for name in ("open", "ftruncate", "fdatasync", "fsync"):
                patch.setattr(os, name, getattr(self, f"_{name}")(getattr(os, name)))
            for name in ("rename", "link", "unlink"):
                patch.setattr(os, name, getattr(self, f"_{name}")(getattr(os, name)))
            rename = vars(publish)["rename_unless_exists"]  # perhaps replaced by a scenario
            patch.setattr(publish, "rename_unless_exists", self._exclusive(rename))
            patch.setattr(Catalog, "save", self._save(Catalog.save))
            yield

    # -- what is watched

    def _inode(self, fd: int) -> int | None:
        status = os.fstat(fd)
        is_ours = status.st_dev == self._device and status.st_ino in self._files
        return status.st_ino if is_ours else None

    def _is_folder(self, fd: object) -> bool:
        if not isinstance(fd, int):
            return False
        status = os.fstat(fd)
        return (status.st_dev, status.st_ino) == (self._device, self._folder_inode)

    # -- the calls, each wrapped

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            began = next(self._clock)
            fd = real(path, flags, mode, dir_fd=dir_fd)
            if _UNNAMED and flags & _UNNAMED == _UNNAMED and os.fstat(fd).st_dev == self._device:
                self._files.add(os.fstat(fd).st_ino)
            elif flags & os.O_CREAT and self._is_folder(dir_fd):
                inode = os.fstat(fd).st_ino
                self._files.add(inode)
                self._note(Names(began=began, ended=next(self._clock), name=path, inode=inode))
            return fd

        return call

    def _pwrite(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(fd: int, data: Any, offset: int) -> int:
            inode = self._inode(fd)
            began = next(self._clock)
            done = real(fd, data, offset)
            if inode is not None:
                kept = bytes(memoryview(data)[:done])
                self._note(
                    Write(
                        began=began,
                        ended=next(self._clock),
                        inode=inode,
                        offset=offset,
                        data=kept,
                    )
                )
            return done

        return call

    def _ftruncate(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(fd: int, size: int) -> None:
            inode = self._inode(fd)
            began = next(self._clock)
            real(fd, size)
            if inode is not None:
                self._note(Resize(began=began, ended=next(self._clock), inode=inode, size=size))

        return call

    def _fdatasync(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(fd: int) -> None:
            began = next(self._clock)
            real(fd)
            if self._syncs_are_lies:
                return
            inode = self._inode(fd)
            if inode is not None:
                self._note(SyncFile(began=began, ended=next(self._clock), inode=inode))
            elif self._is_folder(fd):
                self._note(SyncFolder(began=began, ended=next(self._clock)))

        return call

    _fsync = _fdatasync

    def _rename(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(
            old: Any, new: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
        ) -> None:
            began = next(self._clock)
            real(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
            if self._is_folder(dst_dir_fd):
                self._moved(began, old, new, dst_dir_fd)

        return call

    def _exclusive(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def call(dir_fd: int, old: str, new: str, new_dir_fd: int | None = None) -> bool:
            assert new_dir_fd in (None, dir_fd), "no scenario here moves a file to another folder"
            began = next(self._clock)
            done = real(dir_fd, old, new)
            if done and self._is_folder(dir_fd):
                self._moved(began, old, new, dir_fd)
            return done

        return call

    def _moved(self, began: int, old: str, new: str, dir_fd: int | None) -> None:
        inode = os.stat(new, dir_fd=dir_fd, follow_symlinks=False).st_ino
        self._note(Names(began=began, ended=next(self._clock), name=new, inode=inode, gone=old))

    def _link(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(old: Any, new: Any, *, dst_dir_fd: int | None = None, **more: Any) -> None:
            began = next(self._clock)
            real(old, new, dst_dir_fd=dst_dir_fd, **more)
            if self._is_folder(dst_dir_fd):
                inode = os.stat(new, dir_fd=dst_dir_fd, follow_symlinks=False).st_ino
                self._note(Names(began=began, ended=next(self._clock), name=new, inode=inode))

        return call

    def _unlink(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *, dir_fd: int | None = None) -> None:
            began = next(self._clock)
            real(path, dir_fd=dir_fd)
            if self._is_folder(dir_fd):
                self._note(
                    Names(began=began, ended=next(self._clock), name=None, inode=0, gone=path)
                )

        return call

    def _save(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(catalog: Catalog, *args: Any, durable: bool = False, **more: Any) -> None:
            began = next(self._clock)
            real(catalog, *args, durable=durable, **more)
            ended = next(self._clock)
            connection = catalog._connection
            assert connection is not None
            journals = {
                path.name: path.read_bytes()
                for path in (catalog.path.parent / "journal").glob("*.journal")
            }
            self._note(
                Commit(
                    began=began,
                    ended=ended,
                    durable=durable,
                    database=connection.serialize(),
                    journals=journals,
                )
            )

        return call

    def _note(self, step: Step) -> None:
        self.steps.append(step)
