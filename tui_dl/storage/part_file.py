"""The one writer of one file, and its names: made, placed, found again, published, set aside.

Must not know which ranges are valid: sizes and zeros say nothing, only the journal and
the catalog do. All calls are synchronous; which of them may come from several threads at
once is told in ``open_file.py``, which has the bytes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_dl.domain.model import PartIdentity
from tui_dl.storage.claim import (
    PART_SUFFIX,
    check_entry_name,
    claim_part,
    free_name,
    give_free_name,
    give_name,
    move_part_aside,
    no_name,
    open_unnamed,
    remove_owned,
)
from tui_dl.storage.descriptor import DrainedDescriptor, hold_file
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import (
    identity_of,
    opened_folder,
    part_changed,
    require_own_entry,
    require_same_file,
    sync_folder,
)
from tui_dl.storage.kernel_calls import stamps_are_local
from tui_dl.storage.open_file import OpenFile
from tui_dl.storage.publish import publish_no_replace, recover_publish

__all__ = ["PART_SUFFIX", "PartFile", "recover_publish", "remove_owned"]

_REOPEN_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_OUR_KIND = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})


class PartFile(OpenFile):
    """A partial file and, after ``publish``, the finished one. Made by prepare or reopen."""

    __slots__ = (
        "_entry_is_synced",
        "_is_placed",
        "_published",
        "_wanted_name",
        "directory",
        "has_local_stamps",
        "identity",
        "name",
        "part_name",
    )

    def __init__(self, fd: int, directory: Path, part_name: str, name: str) -> None:
        """Take over an open descriptor. Use ``prepare`` or ``reopen`` instead."""
        super().__init__(fd)
        self.directory = directory
        self.part_name = part_name
        self.name = name
        self.identity = identity_of(fd)
        self.has_local_stamps = stamps_are_local(fd)
        self._wanted_name = name
        self._is_placed = True
        self._published = False
        self._entry_is_synced = False

    @staticmethod
    def prepare(directory: Path, name: str) -> PartFile:
        """Make a part file that has no name yet, for the first free of ``name``, ``name (1)``...

        ``directory`` is made if it is missing. Until ``place`` the file vanishes when it is
        closed; note ``identity``, ``name`` and ``part_name`` before. Where the file system
        knows no files without a name it is in place at once.

        Raises:
            DiskError: the folder cannot be made or takes no file; ``NAME_TAKEN``.
            ValueError: ``name`` is not a bare file name.
        """
        check_entry_name(name)
        with (
            disk_errors(doing="creating", path=directory / name),
            opened_folder(directory, create=True) as dir_fd,
        ):
            final = free_name(dir_fd, name)
            fd = open_unnamed(dir_fd)
            is_placed = fd is None
            if fd is None:
                fd, final = claim_part(dir_fd, name)
        hold_file(fd)
        part = PartFile(fd, directory, final + PART_SUFFIX, final)
        part._wanted_name = name
        part._is_placed = is_placed
        return part

    @property
    def is_placed(self) -> bool:
        """Whether the file has a name in its folder."""
        return self._is_placed

    def place(self, *, is_empty: bool = True) -> bool:
        """Give the file the name NAME.part; ``False`` when it is another one now.

        Then ``name``, ``part_name``, perhaps ``identity`` have changed: note them, place again.
        Another file can stand in only while this one ``is_empty``.

        Raises:
            DiskError: the folder is gone or takes no file; ``NAME_TAKEN``; ``PART_CHANGED``
                when it has bytes and cannot get a name.
        """
        if self._is_placed:
            return True
        with (
            disk_errors(doing="creating", path=self.part_path),
            opened_folder(self.directory) as dir_fd,
        ):
            try:
                with self._file.in_use() as fd:
                    self._is_placed = give_name(dir_fd, fd, self.part_name)
            except FileExistsError:
                self.name = free_name(dir_fd, self._wanted_name)
            else:
                if self._is_placed:
                    return True
                if not is_empty:
                    raise no_name(self.part_name)
                self._claim_instead(dir_fd)
        self.part_name = self.name + PART_SUFFIX
        return False

    def _claim_instead(self, dir_fd: int) -> None:
        """Go on with a file that has a name from the start; no bytes were written yet."""
        size = self.size_bytes()
        fd, self.name = claim_part(dir_fd, self._wanted_name)
        unnamed, self._file = self._file, DrainedDescriptor(fd)
        unnamed.close()
        hold_file(fd)
        self.identity = identity_of(fd)
        self._is_placed = True
        self.set_size(size)

    @staticmethod
    def reserve(directory: Path, name: str) -> PartFile:
        """Prepare and place a part file in one step; raises what these raise."""
        part = PartFile.prepare(directory, name)
        try:
            while not part.place():
                pass
        except BaseException:  # a cancel too: undone, then raised again
            part.close()
            raise
        return part

    @staticmethod
    def reopen(
        directory: Path,
        part_name: str,
        name: str,
        identity: PartIdentity,
        *,
        any_device: bool = False,
    ) -> PartFile:
        """Open a part file of an earlier run, if it is still ours.

        ``any_device`` compares the inode only: device numbers may change with a reboot or
        a new mount (RAID, NFS, btrfs, USB), so after one they say nothing. File systems
        that make up inode numbers at each mount (FAT, FUSE) are asked for neither: there
        the name, the kind and the single link must do.

        Raises:
            DiskError: ``TARGET_LOST`` when folder or file is missing, ``PART_CHANGED``
                when inode, device, kind or number of links differs, or when another
                download has the file open (a copied state folder, an inode used again).
        """
        path = directory / check_entry_name(part_name)
        with disk_errors(doing="opening", path=path), opened_folder(directory) as dir_fd:
            try:
                fd = os.open(part_name, _REOPEN_FLAGS, dir_fd=dir_fd)
            except OSError as error:
                if error.errno in _NOT_OUR_KIND:
                    raise part_changed(path) from error
                raise
        try:
            require_same_file(fd, path, identity, any_device=any_device)
            return PartFile(fd, directory, part_name, name)
        except BaseException:  # a cancel too: undone, then raised again
            os.close(fd)
            raise

    @property
    def part_path(self) -> Path:
        """Where the bytes are until ``publish``."""
        return self.directory / self.part_name

    @property
    def final_path(self) -> Path:
        """Where the file goes; ``publish`` may still choose another number."""
        return self.directory / self.name

    def sync(self, *, metadata_too: bool = False) -> None:
        """Put all bytes written so far on stable storage; the first time the name too.

        Raises:
            DiskError: it failed. That is final: bytes that the kernel dropped are not
                written by a second try, so every later sync raises ``DISK_IO``.
        """
        self._sync(os.fsync if metadata_too else os.fdatasync)
        if not self._entry_is_synced:
            with (
                disk_errors(doing="saving", path=self.directory),
                opened_folder(self.directory) as dir_fd,
            ):
                sync_folder(dir_fd)
            self._entry_is_synced = True

    def check_in_place(self) -> None:
        """Check that the path still leads to our file and that no other name does.

        Raises:
            DiskError: ``TARGET_LOST`` when folder or file is gone, ``PART_CHANGED`` when
                another file is there or ours has a second hard link.
        """
        path = self.final_path if self._published else self.part_path
        with self._descriptor("checking"), opened_folder(self.directory) as dir_fd:
            require_own_entry(dir_fd, path, self.identity)

    def publish(self) -> str:
        """Give the file its final name, replacing nothing; return the name that it got.

        The caller has synced it with its metadata before. The folder is synced here.

        Raises:
            DiskError: the part is not in place, the folder is not writable, ``NAME_TAKEN``.
        """
        with self._own_entry("publishing") as dir_fd:
            final = publish_no_replace(dir_fd, self.part_name, self.name)
            self.name = final
            self._published = True
            require_own_entry(dir_fd, self.final_path, self.identity)
        return final

    def land(self, dir_fd: int) -> os.stat_result:
        """Give a file that never had a name its final one; return its status then.

        It replaces nothing. ``dir_fd`` is ``directory``; the caller has synced the file
        with its metadata before, and syncs the folder afterwards.

        Raises:
            DiskError: the folder takes no file, ``NAME_TAKEN``; ``PART_CHANGED`` when somebody
                else gave it a name, or it cannot get one.
        """
        with self._descriptor("publishing") as fd:
            if self._is_placed or os.fstat(fd).st_nlink:
                raise part_changed(self.final_path)
            self.name = give_free_name(dir_fd, fd, self._wanted_name)
            self._is_placed = self._published = True
            return os.fstat(fd)

    def rename_part_aside(self) -> str:
        """Move the part to NAME.part.old-N and go on under that name; return it.

        Raises:
            DiskError: the part is not in place or cannot be renamed.
        """
        with self._own_entry("renaming") as dir_fd:
            self.part_name = move_part_aside(dir_fd, self.part_name, self.name)
        self._entry_is_synced = False
        return self.part_name

    def discard(self) -> None:
        """Delete the part if it is still our file; a published file stays.

        Raises:
            DiskError: the folder may not be changed.
        """
        remove_owned(self.directory, self.part_name, self.identity)

    @contextmanager
    def _own_entry(self, doing: str) -> Iterator[int]:
        """Give the open folder, once it is sure that the part in it is ours."""
        with self._descriptor(doing), opened_folder(self.directory) as dir_fd:
            require_own_entry(dir_fd, self.part_path, self.identity)
            yield dir_fd
