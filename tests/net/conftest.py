"""Runs every test of this room on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.support.tls import Certificates, make_certificates
from tui_dl.net.client import ClientConfig, HttpClient


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the loops; pytest-asyncio runs each async test once on each."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """A client that does not look at the environment."""
    made = HttpClient(ClientConfig(env_proxies=False))
    yield made
    await made.aclose()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Good and bad certificates; making them takes a moment."""
    folder: Path = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder)
