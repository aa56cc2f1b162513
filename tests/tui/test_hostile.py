"""Whatever a stranger calls his file, the terminal shows it and obeys nothing (trap S9)."""

from __future__ import annotations

import re

from textual.widgets import Input

from tests.tui.driving import Driver, driven
from tests.tui.fake_service import FakeService
from tests.tui.hostile import HOSTILE, hostile_service
from tui_dl.domain.errors import ErrorCode
from tui_dl.tui.screens.add import LinkArea
from tui_dl.tui.screens.confirm import ConfirmDialog, deletion_question
from tui_dl.tui.screens.limit import LimitDialog
from tui_dl.tui.screens.link import LinkDialog

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def _strips(driver: Driver) -> str:
    """Everything the compositor would write, joined."""
    strips = driver.app.screen._compositor.render_strips()
    return "".join(segment.text for strip in strips for segment in strip)


def _assert_harmless(driver: Driver) -> None:
    found = CONTROL.search(_strips(driver))
    assert found is None, f"{found!r} reached the terminal"


async def test_no_screen_obeys_a_hostile_text() -> None:
    service = hostile_service(HOSTILE)
    async with driven(service, (90, 40)) as d:
        for tab_key in ("1", "left"):  # the second one opens the log
            await d.press(tab_key)
            for row in service.snapshot().downloads:
                d.listing.move_cursor_to(row.id)
                await d.settle()
                _assert_harmless(d)
        await d.press("enter")
        _assert_harmless(d)
        assert d.app.is_running


async def test_no_dialog_obeys_a_hostile_text() -> None:
    service = hostile_service(HOSTILE)
    snapshot = service.snapshot()
    async with driven(service, (90, 40)) as d:
        for row in snapshot.downloads:
            for dialog in (
                ConfirmDialog(deletion_question([row])),
                LinkDialog(row),
                LimitDialog(snapshot, [row]),
            ):
                d.app.push_screen(dialog)
                await d.pilot.pause()
                _assert_harmless(d)
                d.app.pop_screen()
        await d.press("ctrl+a", "D")
        assert "… and 15 more" in d.text
        _assert_harmless(d)


async def test_no_toast_obeys_a_hostile_text() -> None:
    service = hostile_service(HOSTILE)
    async with driven(service, (90, 40)) as d:
        for number, row in enumerate(service.snapshot().downloads):
            if number % 2:
                service.fail(row.id, ErrorCode.FORBIDDEN, HOSTILE[number])
            else:
                service.finish(row.id)
            await d.settle()
            _assert_harmless(d)
            d.app.clear_notifications()
        await d.press("d")
        _assert_harmless(d)
        assert d.app.is_running


async def test_hostile_pastes_are_shown_and_obeyed_nowhere() -> None:
    async with driven(FakeService(), (90, 40)) as d:
        await d.press("a")
        for text in HOSTILE:
            d.app.screen.query_one(LinkArea).text = f"https://example.org/{text}\nftp://{text}"
            d.app.screen.query_one("#folder", Input).value = f"/tmp/{text}"
            await d.press("enter")
            _assert_harmless(d)
            assert d.app.screen.query_one(".dialog-problem").display
        await d.press("escape", "slash")
        for text in HOSTILE:
            d.app.screen.query_one("#filter", Input).value = text
            await d.settle()
            _assert_harmless(d)


async def test_markup_is_shown_as_it_is_written() -> None:
    service = FakeService()
    service.put("[red]x[/red].zip")
    service.put("\x1b[31mx.zip")
    async with driven(service) as d:
        assert "[red]x[/red].zip" in d.text
        assert "␛[31mx.zip" in d.text
        service.finish(service.named("[red]x[/red].zip").id)
        await d.settle()
        assert "[red]x[/red].zip" in d.toasts[0]


async def test_the_painter_shows_a_picture_even_if_the_domain_was_forgotten() -> None:
    from tui_dl.tui.view.ink import Ink

    service = FakeService()
    service.put("a.bin")
    async with driven(service) as d:
        strip = d.listing.paint((("a\x1b]0;x\x07b", Ink.TEXT),), 20)
        assert strip.text == "a␛]0;x␇b".ljust(20)
