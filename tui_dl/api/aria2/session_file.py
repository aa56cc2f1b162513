"""Writing a session file in one step. Blocks; runs in a thread of its own.

Must not know what is in it.
"""

from __future__ import annotations

import gzip
import os
import secrets
from pathlib import Path


def write_session(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, packed when its name ends with ``.gz``.

    Readable by its owner only: options may hold passwords. A reader sees the old file or
    the new one, never a part.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    data = text.encode("utf-8", "surrogateescape")
    if path.suffix == ".gz":
        data = gzip.compress(data)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
