"""Whether a file that is asked for is already here, and still what the source has.

``get`` is meant to be repeated until it succeeds, so a repeat after success must not
fetch a second copy. Must not fetch or change anything itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from tui_dl.cli.sentences import final_path
from tui_dl.domain.model import AddRequest, Digest, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import DownloadService, Recheck


async def find_finished(
    service: DownloadService, request: AddRequest
) -> tuple[DownloadSnapshot, Recheck] | None:
    """Return the newest completed download of this request that need not be fetched again.

    Its file is in place and untouched. The source has the same version (``SAME``), or
    does not tell (``UNKNOWN``). Digests that the request names and that were not checked
    when the file came are checked now.
    """
    candidates = [row for row in service.snapshot().downloads if _answers(row, request)]
    for row in sorted(candidates, key=lambda item: item.created_at, reverse=True):
        look = await service.recheck(row.id)
        unchecked = [digest for digest in request.options.digests if digest != row.digest]
        if look is Recheck.CHANGED:
            continue
        if await asyncio.to_thread(_has_digests, Path(final_path(row)), unchecked):
            return row, look
    return None


def _answers(row: DownloadSnapshot, request: AddRequest) -> bool:
    return (
        row.status is Status.COMPLETED
        and row.url == request.url
        and request.directory in (row.directory, row.loaded_in)
        and row.options.out == request.options.out
    )


def _has_digests(path: Path, digests: list[Digest]) -> bool:
    try:
        return all(_hex(path, digest.algorithm) == digest.hex for digest in digests)
    except OSError:  # it went away since we looked: then it is not here
        return False


def _hex(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
