"""A Unix socket in the data folder, where only this user comes to.

The kernel takes names of some hundred bytes only. Where a folder's is longer, a short way
leads there: the folder, opened, under its number. Must not read or write the socket.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui_dl.storage.errors import disk_errors

LONGEST_BYTES = 100
"""Linux takes 107, macOS 103."""


def listen(folder: Path, name: str) -> socket.socket:
    """Return a socket that listens in ``folder``; one that a killed owner left gives way.

    Call it only as the owner of the folder.

    Raises:
        DiskError: the folder takes no socket, or this system has none.
    """
    with disk_errors(doing="making", path=folder / name):
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no such sockets")
        unlink(folder, name)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            with short_path(folder, name) as path:
                made.bind(str(path))
            (folder / name).chmod(0o600)  # nobody else reaches into the folder meanwhile
            made.listen()
        except BaseException:  # a cancel too: undone, then raised again
            made.close()
            raise
    return made


def unlink(folder: Path, name: str) -> None:
    """Take the name away, if it is there."""
    with suppress(OSError):
        (folder / name).unlink()


@contextmanager
def short_path(folder: Path, name: str) -> Iterator[Path]:
    """Yield a way to ``name`` that is short enough, for as long as the block runs."""
    whole = folder / name
    if len(os.fsencode(whole)) <= LONGEST_BYTES:
        yield whole
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{fd}/{name}")
    finally:
        os.close(fd)
