"""How much room a target has. Must not reserve any: ``room.py`` counts what is promised."""

from __future__ import annotations

import os
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.units import format_size


def free_bytes(path: Path) -> int | None:
    """Return the bytes that we may still write where ``path`` is or will be.

    The nearest ancestor that exists is asked. ``None`` when it cannot be told.
    """
    try:
        status = os.statvfs(path)  # nearly always there, and asked for each small file
    except OSError:
        try:
            status = os.statvfs(nearest_existing(path))
        except OSError:
            return None
    return status.f_bavail * status.f_frsize


def nearest_existing(path: Path) -> Path:
    """Return ``path`` or its nearest ancestor that is there."""
    nearest = path
    # os.path, not Path: it answers False where Path raises, for a folder that is shut to us.
    while not os.path.exists(nearest) and nearest != nearest.parent:  # noqa: PTH110
        nearest = nearest.parent
    return nearest


def check_space(path: Path, need_bytes: int, keep_free_bytes: int, promised_bytes: int = 0) -> None:
    """Check that ``need_bytes`` fit while ``keep_free_bytes`` stay free. Unknown is enough.

    ``promised_bytes`` of what is free now will be written by others.

    Raises:
        DiskError: ``DISK_FULL``, with what is needed and what is there.
    """
    free = free_bytes(path)
    if free is None or need_bytes + keep_free_bytes + promised_bytes <= free:
        return
    kept = f" ({format_size(keep_free_bytes)} are to stay free)" if keep_free_bytes else ""
    if promised_bytes:
        kept += f", and other downloads still need {format_size(promised_bytes)} of them"
    raise DiskError(
        f"{format_size(need_bytes)} are needed in {path}, but only "
        f"{format_size(free)} are free{kept}.",
        code=ErrorCode.DISK_FULL,
    )
