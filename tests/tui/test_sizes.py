"""Every size shows something sensible, and no resize crashes it (trap D13)."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.tui import scenes
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService

SIZES = [(200, 50), (120, 36), (100, 30), (80, 24), (60, 20), (40, 12), (20, 6), (1, 1)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_no_line_is_wider_than_the_screen(size: tuple[int, int]) -> None:
    async with driven(scenes.busy(), size) as d:
        lines = d.text.splitlines()
        assert len(lines) <= size[1]
        assert all(cell_len(line) <= size[0] for line in lines)


async def test_no_toast_lies_over_a_dialog_where_there_are_few_lines() -> None:
    long = "something has ended " * 20
    async with driven(scenes.busy(), (80, 24)) as d:
        await d.press("l")
        d.app.say(long)
        await d.settle()
        assert "Set        Cancel    │" in d.text
        assert "effect at once." in d.text
        await d.press("escape")
        assert "something has ended" in d.text
        await d.pilot.resize_terminal(120, 36)
        await d.press("l")
        assert "something has ended" in d.text


async def test_the_columns_that_each_width_shows() -> None:
    heads = {
        200: ["name", "from", "status", "progress", "size", "rate", "left", "conn"],
        120: ["name", "status", "progress", "size", "rate", "left", "conn"],
        100: ["name", "status", "progress", "size", "rate", "left", "conn"],
        80: ["name", "status", "progress", "rate", "left"],
        60: ["name", "status", "progress", "rate"],
        59: ["name", "status"],
    }
    async with driven(scenes.busy(), (200, 24)) as d:
        for width, words in heads.items():
            await d.pilot.resize_terminal(width, 24)
            await d.settle()
            line = next(line for line in d.text.splitlines() if line.startswith("   name"))
            assert line.split() == words
            assert "70%" in d.text


async def test_a_narrow_screen_has_a_percentage_instead_of_a_bar() -> None:
    async with driven(scenes.busy(), (40, 12)) as d:
        line = next(line for line in d.text.splitlines() if line.startswith("▌"))
        assert line.split() == ["▌", "debian-…D-1.iso", "▼", "downloading", "70%"]
        assert "━" not in d.text


async def test_names_keep_their_ending_when_they_are_shortened() -> None:
    service = FakeService()
    service.put("a-very-long-name-that-never-ends-and-goes-on-and-on-and-on.tar.zst")
    async with driven(service, (60, 24)) as d:
        line = next(line for line in d.text.splitlines() if line.startswith("▌"))
        assert line.split()[1].startswith("a-very")
        assert line.split()[1].endswith(".tar.zst")


async def test_numbers_stand_right_aligned_under_their_heads() -> None:
    async with driven(scenes.busy(), (120, 24)) as d:
        lines = d.text.splitlines()
        head = next(line for line in lines if "   size " in line)
        for name in ("debian-13", "Qwen3", "photos", "old-mirror"):
            line = next(line for line in lines if name in line)
            for word in ("size", "rate", "left", "conn"):
                end = head.index(word) + len(word)
                assert line[end - 1] != " "
                assert line[end : end + 1] in (" ", "")


async def test_a_resize_storm_with_every_dialog_open() -> None:
    storm = [(1, 1), (300, 100), (2, 40), (40, 1), (12, 12)]
    service = scenes.busy()
    async with driven(service, (80, 24)) as d:
        for keys in ((), ("enter",), ("escape", "a"), ("escape", "question_mark"), ("escape", "l")):
            await d.pilot.press(*keys)
            for size in storm:
                await d.pilot.resize_terminal(*size)
                service.advance(0.25)
                d.app._tick()
            await d.settle()
        await d.press("escape")
        await d.pilot.resize_terminal(80, 24)
        await d.settle()
        assert "debian-13" in d.text
        assert d.listing.has_focus


async def test_the_scroll_bar_covers_no_column() -> None:
    for rows in (3, 200):
        async with driven(scenes.many(rows), (80, 24)) as d:
            lines = d.text.splitlines()
            head = next(line for line in lines if line.startswith("   name"))
            line = next(line for line in lines if line.startswith("▌"))
            assert len(head) == 79
            assert line[:79].endswith("–")
            assert "5.00 MB/s" in line
