"""Several digests of one finished file in one pass over it.

Must not know what they should be. Blocks: call it in a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from tui_dl.storage.errors import disk_errors

STEP_BYTES = 1024 * 1024


def hash_path(
    path: Path, algorithms: Iterable[str], progress: Callable[[int], bool]
) -> dict[str, str]:
    """Return hashlib's name -> lower-case hex of the whole file at ``path``.

    ``progress`` gets the bytes of each step and returns ``False`` to stop.

    Raises:
        InterruptedError: ``progress`` asked to stop.
        DiskError: the file cannot be read.
    """
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    buffer = memoryview(bytearray(STEP_BYTES))
    with disk_errors(doing="reading", path=path), path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            for found in hashes.values():
                found.update(buffer[:count])
            if not progress(count):
                break
        else:
            return {name: found.hexdigest() for name, found in hashes.items()}
    raise InterruptedError(f"hashing of {path} was stopped")
