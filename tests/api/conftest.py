"""Fixtures of the port's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.serving import Served, served


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    """Yield a real engine behind a port."""
    async with served(tmp_path) as running:
        yield running
