"""One picture of the engine is one frame: it is painted together with its details."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.screen import Screen

from tests.tui import scenes
from tests.tui.driving import WIDE, Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import StateError
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadDetails
from tui_dl.tui import details_feed


async def frames_of_a_look(d: Driver, monkeypatch: pytest.MonkeyPatch) -> int:
    """Look at what changed in a second, and count the frames of it."""
    frames = 0
    display = d.app._display

    def counted(screen: Screen[object], renderable: object) -> None:
        nonlocal frames
        frames += renderable is not None
        display(screen, renderable)  # type: ignore[arg-type] # whatever Textual gives it

    with monkeypatch.context() as patch:
        patch.setattr(d.app, "_display", counted)
        d.service.advance(1.0)
        await d.look()
    return frames


@pytest.mark.parametrize("keys", [(), ("enter",), ("enter", "right")])
async def test_a_picture_of_the_engine_is_one_frame(
    keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(scenes.busy(), WIDE) as d:
        if keys:
            await d.press(*keys)
        before = d.text
        assert await frames_of_a_look(d, monkeypatch) == 1
        assert d.text != before


def held_details(
    service: FakeService,
) -> tuple[asyncio.Event, Callable[[str], Awaitable[DownloadDetails | None]]]:
    """Return a gate, and what answers as ``service.details`` does once it is open."""
    gate = asyncio.Event()
    details = service.details

    async def slow(id: str) -> DownloadDetails | None:
        await gate.wait()
        return await details(id)

    return gate, slow


@pytest.mark.parametrize("keys", [(), ("enter",)])
async def test_a_picture_does_not_wait_for_details_that_hang(
    keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = scenes.busy()
    gate, slow = held_details(service)
    async with driven(service, WIDE) as d:
        if keys:
            await d.press(*keys)
        top = d.text.splitlines()[0]
        with monkeypatch.context() as patch:
            patch.setattr(service, "details", slow)
            service.advance(1.0)
            service.change(service.named("Qwen3-72B-Q4_K_M.gguf").id, rate_bps=9e8)
            d.app.look()
            async with asyncio.timeout(30):
                while d.text.splitlines()[0] == top:
                    await d.pilot.pause()
            gate.set()
            await d.settle()


async def test_a_picture_is_painted_when_the_details_are_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = scenes.busy()

    async def unreachable(id: str) -> DownloadDetails | None:
        raise StateError("The engine is gone.")

    async with driven(service, WIDE) as d:
        monkeypatch.setattr(service, "details", unreachable)
        monkeypatch.setattr(details_feed, "HOLD_S", 1000.0)  # the failure itself lets it go
        service.advance(1.0)
        service.put("new.bin")
        assert "new.bin" in await d.look()


async def test_the_cursor_finds_a_row_whose_picture_waits_for_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = scenes.busy()
    gate, slow = held_details(service)
    async with driven(service, WIDE) as d:
        monkeypatch.setattr(details_feed, "HOLD_S", 1000.0)
        monkeypatch.setattr(service, "details", slow)
        service.advance(1.0)
        row = service.put("new.bin", Status.PAUSED)
        d.app.look()
        d.app.put_cursor_on(row.id)
        assert d.cursor_name == "new.bin"
        gate.set()
        await d.settle()
        assert "── new.bin ──" in d.text
