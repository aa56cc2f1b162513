"""The category in the add dialog: it fills the folder, and names sort themselves without it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Input

from tests.tui.driving import SMALL, driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tests.tui.test_preview import shown
from tui_dl.config.schema import Settings, entries
from tui_dl.config.store import with_value
from tui_dl.service.contract import Preview
from tui_dl.tui.preferences import Preferences

URL = "https://example.org/disk.iso"
CATEGORIES = next(entry for entry in entries() if entry.key == "after.categories")
TEXT = "films = *.mkv -> /srv/films; images = *.iso *.img -> /srv/images"


def _with_categories(**more: Any) -> dict[str, Any]:
    return {"preferences": Preferences(with_value(Settings(), CATEGORIES, TEXT)), **more}


async def test_a_category_fills_the_folder_and_gives_it_back() -> None:
    service = FakeService()
    async with driven(service, SMALL, **_with_categories()) as d:
        await d.press("a")
        await d.type(URL)
        folder, category = (d.app.screen.query_one(id, Input) for id in ("#folder", "#category"))
        category.value = "Images"
        await d.settle()
        assert folder.value == "/srv/images"
        category.value = ""
        await d.settle()
        assert folder.value == FOLDER
        category.value = "films"
        await d.press("enter")
        (request,) = service.calls_of("add")[0]
        assert request.directory == "/srv/films"


async def test_a_typed_folder_is_left_alone_and_a_wrong_category_is_told() -> None:
    service = FakeService()
    async with driven(service, SMALL, **_with_categories()) as d:
        await d.press("a")
        await d.type(URL)
        folder, category = (d.app.screen.query_one(id, Input) for id in ("#folder", "#category"))
        folder.value = "/somewhere/else"
        category.value = "imag"
        await d.press("enter")
        assert "There is no such category. There are: films, images." in d.words
        assert folder.value == "/somewhere/else"
        assert service.calls_of("add") == []


async def test_what_is_sorted_by_its_name_says_where_it_will_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui_dl.tui.preview_feed.STILL_S", 0.001)
    service = FakeService()
    service.previews[URL] = Preview("disk.iso", 3_710_000_000)
    async with driven(service, SMALL, **_with_categories(sorted_from=FOLDER)) as d:
        await d.press("a")
        assert "by the file's name, or films · images" in d.text
        await d.type(URL)
        await shown(d, "3.71 GB   to /srv/images")


@pytest.mark.parametrize("arguments", [{}, _with_categories(remote=True)], ids=["none", "remote"])
async def test_without_categories_there_is_no_field(arguments: dict[str, Any]) -> None:
    async with driven(FakeService(), SMALL, **arguments) as d:
        await d.press("a")
        assert "Category" not in d.text
