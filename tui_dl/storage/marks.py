"""What a finished file says of where it came from: the server's date, its address.

Must not touch the bytes. Blocks: call it in the disk pool.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

LONGEST_VALUE_BYTES = 2048
"""Some file systems keep all attributes of a file in one block."""


def mark_file(fd: int, modified: datetime | None, attributes: Mapping[str, str]) -> str | None:
    """Give an open file a date and extended attributes; return why it could not be done.

    The bytes are as good without them, so nothing is raised.
    """
    try:
        for name, value in attributes.items():
            raw = value.encode("utf-8", "replace")
            if len(raw) <= LONGEST_VALUE_BYTES:
                os.setxattr(fd, name, raw)
        if modified is not None:
            ns = int(modified.timestamp()) * 1_000_000_000
            os.utime(fd, ns=(os.fstat(fd).st_atime_ns, ns))
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
