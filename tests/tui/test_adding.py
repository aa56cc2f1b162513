"""The add dialog: what it takes, what it refuses, and that nothing typed is lost."""

from __future__ import annotations

from textual.widgets import Input, TextArea

from tests.tui.driving import driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import AddRequest, DownloadOptions, Status

URL = "https://example.org/pub/disk.iso"


async def test_a_pasted_link_is_added_by_enter_with_the_text_untouched() -> None:
    service = FakeService()
    odd = "https://example.org/a%2Fb.iso?X=%7e,1"
    async with driven(service) as d:
        await d.press("a")
        await d.type(odd)
        await d.press("enter")
        assert service.calls_of("add") == [(AddRequest(odd, FOLDER),)]
        assert "a/b.iso" in d.text
        assert "Add downloads" not in d.text


async def test_many_links_one_a_line_and_the_name_is_for_one_only() -> None:
    service = FakeService()
    async with driven(service) as d:
        await d.press("a")
        await d.type(f"{URL}\nhttps://example.org/b.bin\n\n  https://example.org/c.bin  ")
        assert d.app.screen.query_one("#name", Input).disabled
        await d.press("enter")
        assert service.names() == ["disk.iso", "b.bin", "c.bin"]
        assert d.cursor_name == "disk.iso"


async def test_folder_name_and_paused_are_taken() -> None:
    service = FakeService()
    options = DownloadOptions(connections=4)
    async with driven(service, options=options) as d:
        await d.press("a")
        await d.type(URL)
        await d.press("tab")
        d.app.screen.query_one("#folder", Input).value = "isos"
        await d.press("tab")
        await d.type("mine.iso")
        await d.press("tab", "space")
        await d.press("ctrl+s")
        (request,) = service.calls_of("add")[0]
        assert request.directory == f"{FOLDER}/isos"
        assert request.options == DownloadOptions(connections=4, out="mine.iso")
        assert request.paused
        assert service.named("mine.iso").status is Status.PAUSED


async def test_a_bad_line_is_named_with_its_number_and_nothing_is_lost() -> None:
    service = FakeService()
    text = f"{URL}\nftp://example.org/x\nexample.org/y"
    async with driven(service) as d:
        await d.press("a")
        await d.type(text)
        await d.press("enter")
        shown = d.words
        assert "Line 2" in shown
        assert "Only http:// and https:// can be downloaded" in shown
        assert "Line 3" in shown
        assert d.app.screen.query_one(TextArea).text == text
        assert service.calls_of("add") == []


async def test_an_empty_box_says_what_to_do() -> None:
    async with driven(FakeService()) as d:
        await d.press("a", "enter")
        assert "Paste a link first" in d.text
        await d.press("escape")
        assert "Nothing to download yet." in d.text


async def test_ctrl_j_breaks_the_line() -> None:
    service = FakeService()
    async with driven(service) as d:
        await d.press("a")
        await d.type(URL)
        await d.press("ctrl+j")
        await d.type("https://example.org/b.bin")
        await d.press("enter")
        assert service.names() == ["disk.iso", "b.bin"]


async def test_a_duplicate_is_asked_about_and_no_adds_nothing() -> None:
    service = FakeService()
    service.put("disk.iso", Status.PAUSED, url=URL, total_bytes=100, done_bytes=71)
    async with driven(service) as d:
        await d.press("a")
        await d.type(URL)
        await d.press("enter")
        assert "Already in the list" in d.text
        assert "disk.iso  paused 71%" in d.text
        await d.press("n")
        assert service.names() == ["disk.iso"]
        await d.press("a")
        await d.type(URL)
        await d.press("enter", "y")
        assert service.names() == ["disk.iso", "disk.iso"]
        assert service.calls_of("add")[-1][0].allow_duplicate


async def test_links_given_at_the_start_are_added_and_a_wrong_one_is_told() -> None:
    service = FakeService()
    wanted = (AddRequest(URL, FOLDER), AddRequest("gopher://x/y", FOLDER))
    async with driven(service, initial=wanted) as d:
        await d.settle()
        assert service.names() == ["disk.iso"]
        assert d.toasts == ["Only http:// and https:// can be downloaded, not gopher://."]


async def test_what_the_engine_repaired_is_told_at_the_start() -> None:
    async with driven(FakeService(), notices=("One record was damaged: [/] \x1b[0m",)) as d:
        assert d.toasts == ["One record was damaged: [/] ␛[0m"]


async def test_pasting_a_link_on_the_list_opens_the_dialog_with_it() -> None:
    from textual.events import Paste

    service = FakeService()
    async with driven(service) as d:
        d.app.post_message(Paste("just words"))
        await d.settle()
        assert "Add downloads" not in d.text
        d.app.post_message(Paste(URL + "\n"))
        await d.settle()
        assert "Add downloads" in d.text
        await d.press("enter")
        assert service.names() == ["disk.iso"]
