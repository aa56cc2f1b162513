"""What a finished file says of where it came from: the server's date, its address.

Must not touch the bytes. Blocks: call it in the disk pool.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tui_dl.domain.model import PartIdentity

LONGEST_VALUE_BYTES = 2048
"""Some file systems keep all attributes of a file in one block."""


def mark_file(
    path: Path, identity: PartIdentity, modified: datetime | None, attributes: Mapping[str, str]
) -> str | None:
    """Give our own file a date and extended attributes; return why it could not be done.

    The bytes are as good without them, so nothing is raised. A file that is not the one of
    ``identity`` is left alone.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) != (identity.device, identity.inode):
                return f"{path} is another file now"
            for name, value in attributes.items():
                raw = value.encode("utf-8", "replace")
                if len(raw) <= LONGEST_VALUE_BYTES:
                    os.setxattr(fd, name, raw)
            if modified is not None:
                ns = int(modified.timestamp()) * 1_000_000_000
                os.utime(fd, ns=(status.st_atime_ns, ns))
        finally:
            os.close(fd)
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
