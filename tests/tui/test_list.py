"""The list: cursor, selection, tabs, filter, sort, mouse; all of it survives updates."""

from __future__ import annotations

from tests.tui import scenes
from tests.tui.driving import SMALL, Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EventKind
from tui_dl.tui.view.listing import SortKey, drop_index
from tui_dl.tui.widgets.bars import TabLine
from tui_dl.tui.widgets.download_list import DownloadList


def _numbered(count: int) -> FakeService:
    service = FakeService()
    for number in range(count):
        service.put(f"n{number:03}.bin")
    return service


async def test_the_cursor_moves_by_rows_pages_and_to_the_ends() -> None:
    async with driven(_numbered(100), SMALL) as d:
        for keys, name in (
            (("j",), "n001.bin"),
            (("down", "down"), "n003.bin"),
            (("k",), "n002.bin"),
            (("up", "up", "up"), "n000.bin"),
            (("end",), "n099.bin"),
            (("home",), "n000.bin"),
            (("G",), "n099.bin"),
            (("g",), "n000.bin"),
        ):
            await d.press(*keys)
            assert d.cursor_name == name
            assert f"▌  {name}" in d.text
        page = d.listing.size.height - 1
        await d.press("pagedown")
        assert d.cursor_name == f"n{page:03}.bin"
        await d.press("pageup")
        assert d.cursor_name == "n000.bin"


async def test_the_cursor_stays_on_its_download_when_rows_come_and_go() -> None:
    service = _numbered(5)
    async with driven(service) as d:
        await d.press("j", "j")
        await service.remove([service.named("n000.bin").id], with_files=False)
        await d.look()
        assert d.cursor_name == "n002.bin"
        await service.remove([service.named("n002.bin").id], with_files=False)
        await d.look()
        assert d.cursor_name == "n003.bin"


async def test_the_last_row_vanishes_and_the_cursor_goes_up() -> None:
    service = _numbered(2)
    async with driven(service) as d:
        await d.press("end")
        await service.remove([service.named("n001.bin").id], with_files=False)
        await d.look()
        assert d.cursor_name == "n000.bin"


async def test_space_selects_and_keys_act_on_the_selection() -> None:
    service = _numbered(4)
    async with driven(service) as d:
        await d.press("space", "j", "space")
        assert " ● n000.bin" in d.text
        assert " ● n002.bin" in d.text
        assert "● 2 selected" in d.text
        await d.press("p")
        (ids,) = service.calls_of("pause")
        assert ids == (service.named("n000.bin").id, service.named("n002.bin").id)
        await d.press("escape")
        assert "selected" not in d.text


async def test_select_all_takes_what_the_filter_shows_and_turns() -> None:
    service = _numbered(12)
    async with driven(service) as d:
        await d.press("slash")
        await d.type("n01")
        await d.press("enter", "ctrl+a")
        assert d.listing.selected_ids == {
            service.named("n010.bin").id,
            service.named("n011.bin").id,
        }
        await d.press("ctrl+a")
        assert d.listing.selected_ids == frozenset()


async def test_the_selection_survives_sorting_filtering_and_updates() -> None:
    service = _numbered(6)
    chosen = service.named("n001.bin").id
    async with driven(service) as d:
        await d.press("j", "space", "slash")
        await d.type("n005")
        assert d.listing.selected_ids == {chosen}
        await d.press("escape", "S", "S")
        service.change(chosen, done_bytes=5)
        await d.look()
        assert d.listing.selected_ids == {chosen}
        await service.remove([chosen], with_files=False)
        await d.look()
        assert d.listing.selected_ids == frozenset()


async def test_tabs_show_their_downloads_and_count_them() -> None:
    async with driven(scenes.busy()) as d:
        assert " All 13    Active 5    Queued 4    Done 3    Failed 1" in d.text
        for key, there, gone in (
            ("2", "debian-13", "photos.zip"),
            ("3", "lecture-07.mp4", "debian-13"),
            ("4", "photos.zip", "report.pdf"),
            ("5", "report.pdf", "photos.zip"),
        ):
            await d.press(key)
            assert there in d.text
            assert gone not in d.text
        await d.press("1")
        assert "debian-13" in d.text


async def test_an_empty_tab_says_so_in_words() -> None:
    service = FakeService()
    service.put("a.bin")
    async with driven(service) as d:
        await d.press("5")
        assert "Nothing is failed." in d.text
        await d.press("1")
        assert "a.bin" in d.text


async def test_the_filter_follows_what_is_typed_and_escape_shows_all() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        await d.press("slash", "i", "s", "o")
        assert [row.name for row in d.listing.rows] == [
            "debian-13.1.0-amd64-DVD-1.iso",
            "ubuntu-26.04-live-server-arm64.iso",
        ]
        await d.press("x")
        assert "Nothing here matches “isox”." in d.text
        await d.press("escape")
        assert len(d.listing.rows) == 13
        assert d.listing.has_focus


async def test_the_hidden_filter_takes_no_focus() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        field = d.app.screen.query_one("#filter")
        assert not field.focusable
        await d.press("slash")
        assert field.has_focus
        assert "esc show all" in d.text
        assert "/ filter" not in d.text, "it is open"
        await d.press("escape")
        assert not field.focusable
        assert d.listing.has_focus


async def test_the_filter_finds_words_of_the_url_and_all_words_must_match() -> None:
    service = FakeService()
    service.put("a.bin", url="https://mirror.example.net/a.bin")
    service.put("b.bin")
    async with driven(service) as d:
        await d.press("slash")
        await d.type("BIN mirror")
        assert [row.name for row in d.listing.rows] == ["a.bin"]


async def test_sorting_changes_the_picture_and_not_the_queue() -> None:
    service = FakeService()
    service.put("b.bin", Status.COMPLETED, total_bytes=1)
    service.put("a.bin", Status.QUEUED, total_bytes=9)
    service.put("c.bin", Status.DOWNLOADING, total_bytes=5, rate_bps=7.0, eta_s=3.0, connections=2)
    async with driven(service) as d:
        orders = {}
        for _ in SortKey:
            orders[d.app.screen.query_one(TabLine).sort.value] = "".join(
                row.name[0] for row in d.listing.rows
            )
            await d.press("S")
        assert orders == {
            "queue": "bac", "status": "cab", "name": "abc", "size": "acb", "rate": "cba",
            "time left": "cba", "connections": "cba", "added": "cab",
        }  # fmt: skip
        assert service.names() == ["b.bin", "a.bin", "c.bin"]


async def test_a_click_moves_the_cursor_the_gutter_selects_and_twice_opens() -> None:
    service = _numbered(5)
    async with driven(service, SMALL) as d:
        await d.pilot.click(DownloadList, offset=(8, 2))
        await d.settle()
        assert d.cursor_name == "n002.bin"
        assert d.listing.selected_ids == frozenset()
        await d.pilot.click(DownloadList, offset=(0, 3))
        await d.settle()
        assert d.listing.selected_ids == {service.named("n003.bin").id}
        await d.pilot.click(DownloadList, offset=(8, 1), times=2)
        await d.settle()
        assert "── n001.bin " in d.text


async def _drag(d: Driver, row: int, to: int) -> None:
    """Take hold of a row, pull it onto another one, let go."""
    await d.pilot.mouse_down(DownloadList, offset=(8, row))
    await d.pilot.hover(DownloadList, offset=(8, to))
    await d.settle()
    await d.pilot.mouse_up(DownloadList, offset=(8, to))
    await d.settle()


async def test_a_row_is_dragged_to_another_place_in_the_queue() -> None:
    service = _numbered(5)
    service.put("runs.bin", Status.DOWNLOADING)
    async with driven(service, SMALL) as d:
        held = service.named("n001.bin").id
        await _drag(d, 1, 3)
        assert service.calls_of("move_to_index") == [(held, 3)]
        assert service.names()[:5] == [f"n00{n}.bin" for n in (0, 2, 3, 1, 4)]
        await _drag(d, 3, 0)
        assert service.names()[:5] == [f"n00{n}.bin" for n in (1, 0, 2, 3, 4)]
        await d.pilot.click(DownloadList, offset=(8, 2))  # a press without a pull
        await d.settle()
        assert len(service.calls_of("move_to_index")) == 2
        assert d.cursor_name == "n002.bin"


async def test_the_place_that_a_row_would_take_is_shown_until_it_is_let_go() -> None:
    async with driven(_numbered(3), SMALL) as d:
        await d.pilot.mouse_down(DownloadList, offset=(8, 0))
        await d.pilot.hover(DownloadList, offset=(8, 2))
        await d.settle()
        marked = [
            any(style is not None and style.underline for _, style, _ in d.listing.render_line(y))
            for y in range(3)
        ]
        assert marked == [False, False, True]
        await d.pilot.mouse_up(DownloadList, offset=(8, 2))
        await d.settle()
        assert d.listing.hover_row is None


async def test_a_list_in_another_order_says_why_nothing_moves() -> None:
    service = _numbered(3)
    async with driven(service, SMALL) as d:
        await d.press("S", "S")
        await _drag(d, 0, 2)
        assert service.calls_of("move_to_index") == []
        assert d.toasts == ["The list is sorted by name, not in queue order."]


def test_dropped_among_what_is_not_queued_a_row_goes_before_those_that_follow() -> None:
    service = FakeService()
    for name, status in (("a", Status.QUEUED), ("b", Status.PAUSED), ("c", Status.QUEUED)):
        service.put(name, status)
    rows = service.snapshot().downloads
    assert [drop_index(rows, rows[2], onto) for onto in rows] == [0, 1, 1]
    assert drop_index(rows, rows[0], rows[1]) == 0


async def test_the_wheel_scrolls_and_the_cursor_stays() -> None:
    from textual.events import MouseScrollDown

    async with driven(_numbered(100), SMALL) as d:
        event = MouseScrollDown(d.listing, 5, 5, 0, 1, 0, False, False, False, 5, 8)
        d.listing.post_message(event)
        await d.settle()
        assert d.listing.scroll_offset.y > 0
        assert d.cursor_name == "n000.bin"


async def test_a_click_on_a_tab_opens_it_and_on_a_key_presses_it() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        place = d.text.splitlines()[1].index("Done")
        await d.pilot.click(TabLine, offset=(place + 1, 0))
        await d.settle()
        assert "debian" not in d.text
        keys = d.text.splitlines()[-1]
        await d.pilot.click("#keys", offset=(keys.index("add"), 0))
        await d.settle()
        assert "Add downloads" in d.text


async def test_only_visible_lines_that_changed_are_painted_again() -> None:
    service = _numbered(50)
    async with driven(service, SMALL) as d:
        painted: list[str] = []
        original = d.listing.paint

        def paint(*arguments: object) -> object:
            painted.append(str(arguments))
            return original(*arguments)  # type: ignore[arg-type] # handed through

        d.listing.paint = paint  # type: ignore[assignment, method-assign] # watched
        await d.look()
        assert painted == []
        service.change(service.named("n003.bin").id, done_bytes=7)
        service.change(service.named("n049.bin").id, done_bytes=7)
        await d.look()
        assert len(painted) == 1
        assert "n003.bin" in painted[0]


async def test_ten_thousand_rows_scroll_filter_and_select() -> None:
    service = scenes.many(10_000)
    async with driven(service) as d:
        await d.press("end")
        assert d.cursor_name == "file-09999.bin"
        assert "▌  file-09999.bin" in d.text
        await d.press("slash")
        await d.type("09998")
        assert [row.name for row in d.listing.rows] == ["file-09998.bin"]
        await d.press("escape", "ctrl+a")
        assert "● 10000 selected" in d.text
        await d.press("p")
        assert len(service.calls_of("pause")[0]) == 10_000


async def test_events_of_the_engine_reach_the_screen_without_a_key() -> None:
    service = FakeService()
    running = service.put("a.bin", Status.DOWNLOADING, total_bytes=4_000_000, elapsed_s=3.0)
    async with driven(service) as d:
        service.finish(running.id)
        await d.settle()
        assert "✓ done" in d.text
        assert d.toasts == ["✓ a.bin\n4.00 MB in 3s"]
        other = service.put("b.bin")
        service.push(EventKind.ADDED, other.id)
        await d.settle()
        assert "b.bin" in d.text


async def test_a_failed_row_shows_its_sentence_in_place_of_the_numbers() -> None:
    async with driven(scenes.busy(), SMALL) as d:
        line = next(line for line in d.text.splitlines() if "report.pdf" in line)
        assert line.split("✗ failed")[1].strip() == "404: the server has no such file."
