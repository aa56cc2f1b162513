"""Linux calls that the standard library lacks: renameat2, statx, fstatfs.

Must not decide what to do when a call is missing: it reports ``False`` and the caller
falls back. Elsewhere than on Linux none of them is there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_RENAME_NOREPLACE = 1
_RENAME_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})

_EXT = 0xEF53
_XFS = 0x58465342
_TMPFS = 0x01021994
_FAT = 0x4D44
_EXFAT = 0x2011BAB0
_FUSE = 0x65735546
_REMOTE = frozenset({0x6969, 0xFF534D42, 0xFE534D42, 0x01021997, 0x00C36400})  # NFS, SMB, 9P, Ceph
_STATFS_BYTES = 256  # larger than struct statfs anywhere; its first word is the type

_STATX_BYTES = 256
_STATX_BTIME = 0x800
_STATX_MASK_AT, _STATX_BTIME_AT = 0, 80
_AT_SYMLINK_NOFOLLOW, _AT_EMPTY_PATH = 0x100, 0x1000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_renameat2 = getattr(_libc, "renameat2", None)
_statx = getattr(_libc, "statx", None)


def rename_unless_exists(dir_fd: int, old: str, new: str, new_dir_fd: int | None = None) -> bool:
    """Rename in an open folder, or to another one, refusing to replace.

    ``False`` when it cannot be asked.

    Raises:
        FileExistsError: ``new`` exists, as a file, a link or anything else.
        OSError: the rename failed for another reason.
    """
    if _renameat2 is None:
        return False
    result = _renameat2(
        ctypes.c_int(dir_fd),
        ctypes.c_char_p(os.fsencode(old)),
        ctypes.c_int(dir_fd if new_dir_fd is None else new_dir_fd),
        ctypes.c_char_p(os.fsencode(new)),
        ctypes.c_uint(_RENAME_NOREPLACE),
    )
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in _RENAME_UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), old, None, new)


def birth_ns(dir_fd: int, name: str = "") -> int:
    """Return when the entry ``name`` of an open folder was made, in nanoseconds since 1970.

    Without a name it is that of the open file itself. 0 when nobody knows.
    """
    if _statx is None:
        return 0
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    failed = _statx(
        ctypes.c_int(dir_fd),
        ctypes.c_char_p(os.fsencode(name)),
        ctypes.c_int(_AT_SYMLINK_NOFOLLOW | _AT_EMPTY_PATH),
        ctypes.c_uint(_STATX_BTIME),
        buffer,
    )
    (known,) = struct.unpack_from("=I", buffer, _STATX_MASK_AT)
    if failed or not known & _STATX_BTIME:
        return 0
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _STATX_BTIME_AT)
    return max(0, int(seconds) * 1_000_000_000 + int(nanoseconds))


def inodes_are_stable(fd: int) -> bool:
    """Return whether a closed file will have the same inode number when it is opened again.

    FAT has no inodes and Linux numbers its files as it meets them; many FUSE file systems
    do the same. Unknown kinds count as stable.
    """
    return _file_system_kind(fd) not in (_FAT, _EXFAT, _FUSE)


def stamps_are_local(fd: int) -> bool:
    """Return whether the times of an open file are at hand, exact, and ours alone to cause.

    A server far away has a clock of its own, and to ask for it writes back what is cached.
    """
    return _file_system_kind(fd) not in _REMOTE | {_FAT, _EXFAT, _FUSE}


def map_is_safe(fd: int) -> bool:
    """Return whether a store into a memory map of allocated blocks cannot run out of space.

    Known of ext2 to ext4, XFS and tmpfs. A copy-on-write or network file system may need
    new space for it, and if there is none the kernel kills the process with SIGBUS.
    """
    return _file_system_kind(fd) in (_EXT, _XFS, _TMPFS)


def _file_system_kind(fd: int) -> int | None:
    if _libc is None:
        return None
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc.fstatfs(ctypes.c_int(fd), buffer) != 0:
        return None
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF
