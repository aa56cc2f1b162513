"""Keys that arrive together, as from a quick typist or a program, act one after the other."""

from __future__ import annotations

import asyncio

from textual import events
from textual.command import CommandPalette

from tests.tui.driving import Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.tui.screens.add import LinkArea

LINKS = ("https://example.org/a.iso", "https://example.org/b.iso", "https://example.org/c.iso")


async def _burst(d: Driver, *keys: str | events.Event) -> None:
    """Hand keys over in one go, without waiting for what any of them does."""
    for key in keys:
        if isinstance(key, events.Event):
            d.app.post_message(key)
        else:
            d.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await d.settle()
    await d.app.input_order.quiet()
    await d.settle()


async def test_what_follows_tab_lands_in_the_next_field() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        await _burst(d, "m", "tab", "end", *["backspace"] * 5, *"new", "enter")
        assert service.calls_of("relocate") == [(row.id, None, "new")]
        assert not service.calls_of("remove"), "no key may leak to the list below"


async def test_links_typed_in_one_go_keep_their_lines() -> None:
    async with driven(FakeService()) as d:
        keys = [key for link in LINKS for key in (*link, "ctrl+j")]
        await _burst(d, "a", *keys[:-1])
        assert d.app.screen.query_one(LinkArea).text == "\n".join(LINKS)


async def test_enter_waits_for_the_letters_before_it() -> None:
    service = FakeService()
    async with driven(service) as d:
        await _burst(d, "a", *LINKS[0], "enter")
        await d.settle()
        assert [row.url for row in service.snapshot().downloads] == [LINKS[0]]


async def test_a_paste_waits_for_the_dialog_that_it_is_for() -> None:
    async with driven(FakeService()) as d:
        await _burst(d, "a", events.Paste("\n".join(LINKS)))
        assert d.app.screen.query_one(LinkArea).text == "\n".join(LINKS)
        assert len(d.app.screen_stack) == 2


async def test_a_key_that_hangs_in_a_widget_does_not_lock_the_others_out() -> None:
    service = FakeService()
    service.put("a.bin")
    async with driven(service) as d:
        d.app.input_order.limit_s = 0.01
        hang = asyncio.Event()
        called = asyncio.Event()

        async def never() -> None:
            called.set()
            await hang.wait()

        d.listing.key_x = never  # type: ignore[attr-defined] # what Textual calls for x
        d.app.set_focus(d.listing)
        d.app.post_message(events.Key("x", "x"))
        d.app.post_message(events.Key("ctrl+p", None))  # one that needs no widget
        await called.wait()
        await d.app.input_order.quiet()
        assert not hang.is_set()
        hang.set()
        await d.settle()
        assert isinstance(d.app.screen, CommandPalette)
