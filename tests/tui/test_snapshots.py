"""What whole screens look like, as text that a reviewer can read in a diff.

``UPDATE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py`` writes them anew: look at
the difference before it is committed.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tui import scenes
from tests.tui.driving import Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.config.schema import Settings, entries
from tui_dl.config.store import with_value
from tui_dl.tui.preferences import Preferences

CATEGORIES = next(entry for entry in entries() if entry.key == "after.categories")
FOLDER = Path(__file__).parent / "snapshots"


@dataclass(frozen=True, slots=True)
class Shot:
    """One screen: where it starts, what is pressed, at which size."""

    name: str
    scene: Callable[[], FakeService]
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    categories: str = ""


SETTINGS_SHOWN = frozenset(
    (
        *("downloads.directory", "downloads.slots", "downloads.limit", "network.proxy"),
        *("network.check_certificate", "ui.theme", "ui.keys", "ui.bell"),
    )
)
"""A few of each kind: a setting that is added elsewhere changes no picture."""
SIZES = ((80, 24), (120, 36), (200, 50))
SCREENS: tuple[tuple[str, Callable[[], FakeService], tuple[str, ...]], ...] = (
    ("busy", scenes.busy, ()),
    ("empty", FakeService, ()),
    ("error", scenes.busy, ("5", "enter")),
    ("done", scenes.busy, ("4", "enter")),
    ("details", scenes.busy, ("enter",)),
    ("chunks", scenes.busy, ("enter", "right")),
    ("connections", scenes.busy, ("enter", "right", "right")),
    ("log", scenes.busy, ("enter", "left")),
    ("add", scenes.busy, ("a",)),
    ("add-more", scenes.busy, ("a", "ctrl+o")),
    ("delete", scenes.busy, ("space", "space", "D")),
    ("limit", scenes.busy, ("l",)),
    ("link", scenes.busy, ("end", "u")),
    ("move", scenes.busy, ("m",)),
    ("folder", scenes.busy, ("m", "ctrl+f")),
    ("help", scenes.busy, ("question_mark",)),
    ("settings", scenes.busy, ("s", "j")),
    ("setting", scenes.busy, ("s", "j", "enter")),
    ("theme", scenes.busy, ("s", "end", "k", "k", "enter")),
    ("keys", scenes.busy, ("s", "end", "k", "enter", "j")),
    ("new-key", scenes.busy, ("s", "end", "k", "enter", "j", "enter")),
    ("history", scenes.busy, ("h",)),
    ("filter", scenes.busy, ("slash", "i", "s", "o")),
    ("selected", scenes.busy, ("space", "j", "space")),
)
"""Each of these at all three sizes."""
SHOTS = (
    *(
        Shot(f"{name}-{w}x{h}", scene, (w, h), keys)
        for name, scene, keys in SCREENS
        for w, h in SIZES
    ),
    Shot("busy-40x12", scenes.busy, (40, 12)),
    Shot("busy-60x20", scenes.busy, (60, 20)),
    Shot("pane-chunks-120x36", scenes.busy, (120, 36), ("right",)),
    Shot("many-80x24", lambda: scenes.many(10_000), (80, 24), ("end", "k")),
    Shot("add-category-80x24", scenes.busy, (80, 24), ("a",), categories="isos = *.iso -> /srv"),
)


@pytest.fixture(autouse=True)
def same_clock_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show times as in UTC: the history shows local ones."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show a fixed choice of settings."""
    chosen = [entry for entry in entries() if entry.key in SETTINGS_SHOWN]
    monkeypatch.setattr("tui_dl.tui.screens.settings.shown_entries", lambda *, remote: chosen)


@pytest.fixture(autouse=True)
def the_same_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show a disk that is the same everywhere."""
    monkeypatch.setattr(
        "tui_dl.tui.screens.folder.folders_in",
        lambda folder: (folder, ["Films", "Isos", "Music", "音楽", "a-name-" * 12 + "end"]),
    )


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
async def test_the_screen_looks_as_it_was_approved(shot: Shot) -> None:
    settings = with_value(Settings(), CATEGORIES, shot.categories)
    async with driven(shot.scene(), shot.size, preferences=Preferences(settings)) as d:
        _fill_history(d)
        await d.press(*shot.keys)
        await d.app.workers.wait_for_complete()
        await d.settle()
        text = d.text
    path = FOLDER / f"{shot.name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def _fill_history(driver: Driver) -> None:
    """Give the line at the top a past, the same one every time."""
    for second in range(1, 80):
        rate_bps = (60 + 25 * math.sin(second / 7)) * scenes.MB
        driver.app._history.add(float(second), rate_bps)
    driver.app.look()
