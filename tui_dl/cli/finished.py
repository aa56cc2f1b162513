"""Whether a file that is asked for is already here. Reads the disk, never the network.

``get`` is meant to be repeated until it succeeds, so a repeat after success must not
fetch a second copy. Limit: the server is not asked whether it has a newer version.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path

from tui_dl.cli.sentences import final_path
from tui_dl.domain.model import AddRequest, Digest, Status
from tui_dl.domain.snapshot import DownloadSnapshot


async def find_finished(
    downloads: Iterable[DownloadSnapshot], request: AddRequest
) -> DownloadSnapshot | None:
    """Return the newest completed download of this request whose file is still whole.

    Whole means: a regular file of the right size, and, for each digest that the request
    names and the download was not checked with, of that digest.
    """
    candidates = [download for download in downloads if _answers(download, request)]
    for download in sorted(candidates, key=lambda item: item.created_at, reverse=True):
        path = Path(final_path(download))
        unchecked = [digest for digest in request.options.digests if digest != download.digest]
        if await asyncio.to_thread(_is_whole, path, download.done_bytes, unchecked):
            return download
    return None


def _answers(download: DownloadSnapshot, request: AddRequest) -> bool:
    return (
        download.status is Status.COMPLETED
        and download.url == request.url
        and download.directory == request.directory
        and request.options.out in (None, download.options.out)
    )


def _is_whole(path: Path, size_bytes: int, digests: list[Digest]) -> bool:
    try:
        if not path.is_file() or path.stat().st_size != size_bytes:
            return False
        return all(_hex(path, digest.algorithm) == digest.hex for digest in digests)
    except OSError:  # cannot be read: then it does not count as being here
        return False


def _hex(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
