"""Fixtures of the queue's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.jobs.client import Queue
from tests.api.serving import served


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    """Yield the queue of a real engine behind a port."""
    async with served(tmp_path) as server:
        yield Queue(server)
