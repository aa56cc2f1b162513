"""When a download starts that waits for its time: in the list and in the details."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tui.driving import SMALL, WIDE, driven
from tests.tui.fake_parts import blank
from tests.tui.fake_service import START, FakeService
from tui_dl.domain.model import DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.tui.view.words import status_word


def _row(ahead: timedelta, status: Status = Status.QUEUED) -> DownloadSnapshot:
    options = DownloadOptions(start_at=START + ahead)
    return replace(blank(1, "a.bin", START), status=status, queue_rank=4, options=options)


@pytest.mark.parametrize(
    ("ahead", "pattern"),
    [
        (timedelta(hours=2), "%H:%M"),
        (timedelta(days=3), "%a %H:%M"),
        (timedelta(days=60), "%Y-%m-%d"),
    ],
)
def test_the_longest_words_that_fit_are_shown(ahead: timedelta, pattern: str) -> None:
    wall = format((START + ahead).astimezone(), pattern)
    for cells, is_whole in ((24, True), (17, ahead < timedelta(days=1)), (14, False)):
        word = status_word(_row(ahead), cells, START)
        assert wall in word
        assert ("starts" in word) == is_whole
        assert len(word) <= cells
    assert status_word(_row(ahead), 1, START) == "○"


def test_a_time_that_has_come_is_a_place_in_the_queue() -> None:
    late = _row(timedelta(minutes=-1))
    assert status_word(late, 17, START) == "○ queued #4"
    assert status_word(_row(timedelta(hours=1), Status.PAUSED), 17, START) == "‖ paused"


async def test_the_list_and_the_details_say_when_it_starts() -> None:
    service = FakeService()
    soon = datetime.now(UTC) + timedelta(hours=3)
    service.put("night.iso", options=DownloadOptions(start_at=soon))
    for size in (SMALL, WIDE):
        async with driven(service, size) as d:
            assert f"○ starts at {soon.astimezone():%H:%M}" in d.text
            await d.press("enter")
            assert f"starts    {soon.astimezone():%Y-%m-%d %H:%M}" in d.text


async def test_the_words_give_way_when_the_time_has_come() -> None:
    service = FakeService()
    soon = datetime.now(UTC) + timedelta(hours=3)
    row = service.put("night.iso", options=DownloadOptions(start_at=soon))
    async with driven(service, SMALL) as d:
        assert "starts at" in d.text
        past = datetime.now(UTC) - timedelta(seconds=1)
        service.change(row.id, options=DownloadOptions(start_at=past))
        assert "○ queued #1" in await d.look()
        await d.press("enter")
        assert "starts " not in d.text
