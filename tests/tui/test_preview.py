"""Name and size of the one link in the dialog, while nothing else waits for it."""

from __future__ import annotations

import asyncio

import pytest

from tests.tui.driving import Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.config.schema import Settings, entries
from tui_dl.config.store import with_value
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.service.contract import Preview
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.screens.add import LinkArea

URL = "https://example.org/dl?id=7"
PREVIEW = next(entry for entry in entries() if entry.key == "ui.preview")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no pause in the typing."""
    monkeypatch.setattr("tui_dl.tui.preview_feed.STILL_S", 0.001)


async def shown(d: Driver, words: str) -> None:
    """Wait until the screen shows ``words``."""
    async with asyncio.timeout(60):
        while words not in d.text:
            await d.settle()


async def test_a_single_link_is_looked_at_and_many_are_counted() -> None:
    service = FakeService()
    service.previews[URL] = Preview("\x1b[31mdebian.iso", 3_710_000_000)
    dead = Failure(ErrorCode.UNKNOWN_HOST, "There is no host gone.example.")
    service.previews["https://gone.example/a"] = Preview("a", failure=dead)
    async with driven(service) as d:
        await d.press("a")
        area = d.app.screen.query_one(LinkArea)
        area.text = f"{URL}\n{URL}2\n{URL}3"
        await shown(d, "3 links")
        area.text = URL
        await shown(d, "␛[31mdebian.iso   3.71 GB")
        area.text = "https://gone.example/a"
        await shown(d, "There is no host gone.example.")
        area.text = f"{URL}\nhttps://example.org/b"
        await shown(d, "2 links")
        assert service.calls_of("preview") == [URL, "https://gone.example/a"]
        await d.press("enter")
        assert len(service.calls_of("add")[0]) == 2


async def test_no_server_is_asked_where_that_is_not_wanted() -> None:
    service = FakeService()
    preferences = Preferences(with_value(Settings(), PREVIEW, False))
    async with driven(service, preferences=preferences) as d:
        await d.press("a")
        d.app.screen.query_one(LinkArea).text = URL
        await d.settle()
        await d.press("enter")
        assert service.calls_of("preview") == []
        assert len(service.calls_of("add")) == 1
