"""A disk that takes no more bytes, until it is mended; and what a download must make of it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.engine.driving import Driver
from tests.support.body import check_file
from tests.support.disk_faults import replace_writes
from tests.support.resource import Resource
from tests.support.server import FaultServer
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status

SLACK = 512 * 1024
"""What a connection may have received, and not written, when the disk failed."""


class BreakingDisk:
    """Each write that begins behind ``good_bytes`` fails with ``number``, until it is mended."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, good_bytes: int) -> None:
        self.is_broken = True
        self._number, self._good_bytes = number, good_bytes
        self._real = os.pwrite
        replace_writes(patch, self._write)

    def _write(self, fd: int, data: Any, offset: int) -> int:
        if self.is_broken and offset > self._good_bytes:
            raise OSError(self._number, os.strerror(self._number))
        return self._real(fd, data, offset)


async def waits_and_goes_on(
    driver: Driver, server: FaultServer, disk: BreakingDisk, file: Resource, code: ErrorCode
) -> int:
    """Fetch ``file`` onto it, mend it, resume; return how many bytes were kept meanwhile.

    It must wait, say ``code``, and fetch nothing twice that was kept.
    """
    row = await driver.fetch(server.add(file), connections=1)
    assert row.status is Status.PAUSED, "it is not the download's fault"
    assert row.failure is not None
    assert row.failure.code is code
    kept, sent = row.done_bytes, server.bytes_sent(file.path)
    assert kept > 0
    disk.is_broken = False
    row = await driver.finish(row.id)
    check_file(driver.path(row), file.seed, file.size)
    assert server.bytes_sent(file.path) - sent <= file.size - kept + SLACK
    return kept
