"""Limit, new link, help, quit: what they ask, what they hand on, what they keep."""

from __future__ import annotations

from textual.widgets import Input

from tests.tui import scenes
from tests.tui.driving import SMALL, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import Status
from tui_dl.tui.screens.main import MainScreen

KB = 1024


async def test_a_limit_for_everything() -> None:
    service = scenes.busy()
    async with driven(service) as d:
        await d.press("L")
        await d.type("2M")
        await d.press("enter")
        assert service.calls_of("set_global_limit") == [2 * KB * KB]
        assert "limit 2.10 MB/s" in d.text
        await d.press("L")
        assert "all downloads together  (now 2.10 MB/s)" in d.text


async def test_what_is_done_is_offered_no_limit() -> None:
    service = FakeService()
    service.put("done.bin", Status.COMPLETED, limit_bps=500 * KB)
    async with driven(service) as d:
        await d.press("enter")
        assert "limit     " not in d.text
        await d.press("escape", "l")
        assert "all downloads together" in d.text
        assert "( ) " not in d.text, "there is another choice"
        await d.type("2M")
        await d.press("enter")
        assert service.calls_of("set_limit") == []
        assert service.calls_of("set_global_limit") == [2 * KB * KB]


async def test_a_limit_for_the_download_under_the_cursor() -> None:
    service = scenes.busy()
    target = service.named("debian-13.1.0-amd64-DVD-1.iso")
    async with driven(service) as d:
        await d.press("l")
        await d.type("500K")
        await d.press("enter")
        assert service.calls_of("set_limit") == [(target.id, 500 * KB)]
        assert service.calls_of("set_global_limit") == []


async def test_several_selected_are_offered_first() -> None:
    service = FakeService()
    first, second = service.put("a.bin"), service.put("b.bin")
    async with driven(service) as d:
        await d.press("space", "space", "l")
        await d.type("0")
        await d.press("enter")
        assert service.calls_of("set_limit") == [(first.id, 0), (second.id, 0)]


async def test_what_is_no_rate_is_explained_and_kept() -> None:
    service = FakeService()
    async with driven(service) as d:
        await d.press("l")
        await d.type("fast")
        await d.press("enter")
        assert "This is not a size." in d.words
        assert d.app.screen.query_one("#limit", Input).value == "fast"
        assert service.calls_of("set_global_limit") == []
        await d.press("escape")
        assert isinstance(d.app.screen, MainScreen)


async def test_a_new_link_is_given_and_the_download_runs_again() -> None:
    service = scenes.busy()
    stopped = service.named("lecture-07.mp4")
    async with driven(service) as d:
        await d.press(*["j"] * 6, "u")
        assert "lecture-07.mp4" in d.text
        await d.type("https://example.org/new?t=1")
        await d.press("enter")
        assert service.calls_of("set_url") == [(stopped.id, "https://example.org/new?t=1")]
        assert service.calls_of("resume") == [(stopped.id,)]
        assert service.row(stopped.id).status is Status.QUEUED


async def test_a_bad_new_link_is_explained_and_kept() -> None:
    service = scenes.busy()
    async with driven(service) as d:
        await d.press(*["j"] * 6, "u")
        await d.type("ftp://x")
        await d.press("enter")
        assert "Only http:// and https:// can be downloaded" in d.words
        assert d.app.screen.query_one("#url", Input).value == "ftp://x"
        assert service.calls_of("set_url") == []


async def test_a_new_link_is_for_one_download_only() -> None:
    service = FakeService()
    service.put("a.bin")
    service.put("b.bin")
    async with driven(service) as d:
        await d.press("ctrl+a", "u")
        assert d.toasts == ["A new link is for one download: select a single one."]


async def test_help_lists_every_key_of_the_screen_with_its_words() -> None:
    async with driven(FakeService()) as d:
        await d.press("question_mark")
        for keys in ("p ", "r ", "d ", "D ", "P ", "R ", "K ", "J ", "a ", "l ", "u ", "y ", "o "):
            assert f" {keys}" in d.text
        assert "Delete with files: off the disk" in d.words
        await d.press("escape")
        assert isinstance(d.app.screen, MainScreen)


async def test_help_scrolls_where_it_does_not_fit() -> None:
    async with driven(FakeService(), SMALL) as d:
        await d.press("question_mark")
        assert "Clear selection or filter" not in d.text
        for _ in range(5):
            await d.press("pagedown")
        assert "Clear selection or filter" in d.text


async def test_help_and_footer_follow_a_remapped_key() -> None:
    service = FakeService()
    async with driven(service) as d:
        d.app.set_keymap({"list.add": "i", "download.pause": "ctrl+x"})
        assert "i adds a link" in await d.look()
        assert d.text.splitlines()[-1].startswith(" i add   l limit")  # no row, nothing to pause
        service.put("a.bin")
        await d.look()
        assert d.text.splitlines()[-1].startswith(" i add   ctrl+x pause")
        await d.press("question_mark")
        assert "ctrl+x" in d.text
        await d.press("escape", "i")
        assert "Add downloads" in d.text


async def test_the_palette_offers_the_keys_by_name() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        await d.press("ctrl+p")
        await d.type("pause")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert "Pause all" in d.text
        await d.press("enter")
        await d.settle()
        assert service.calls_of("pause") == [(row.id,)]


async def test_y_sends_the_url_to_the_clipboard() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        await d.press("y")
        assert d.app.clipboard == row.url
        assert d.toasts == ["1 URL sent to the terminal's clipboard."]
