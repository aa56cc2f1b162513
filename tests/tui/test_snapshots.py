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
from tui_dl.config.schema import entries

FOLDER = Path(__file__).parent / "snapshots"


@dataclass(frozen=True, slots=True)
class Shot:
    """One screen: where it starts, what is pressed, at which size."""

    name: str
    scene: Callable[[], FakeService]
    size: tuple[int, int]
    keys: tuple[str, ...] = ()


SETTINGS_SHOWN = frozenset(
    (
        *("downloads.directory", "downloads.slots", "downloads.limit", "network.proxy"),
        *("network.check_certificate", "ui.theme", "ui.keys", "ui.bell"),
    )
)
"""A few of each kind: a setting that is added elsewhere changes no picture."""
SIZES = ((80, 24), (120, 36), (200, 50))
SHOTS = (
    *(Shot(f"busy-{w}x{h}", scenes.busy, (w, h)) for w, h in SIZES),
    *(Shot(f"empty-{w}x{h}", FakeService, (w, h)) for w, h in SIZES),
    *(Shot(f"error-{w}x{h}", scenes.busy, (w, h), ("5", "enter")) for w, h in SIZES),
    *(Shot(f"details-{w}x{h}", scenes.busy, (w, h), ("enter",)) for w, h in SIZES),
    Shot("busy-40x12", scenes.busy, (40, 12)),
    Shot("busy-60x20", scenes.busy, (60, 20)),
    Shot("chunks-120x36", scenes.busy, (120, 36), ("right",)),
    Shot("connections-80x24", scenes.busy, (80, 24), ("enter", "right", "right")),
    Shot("add-80x24", scenes.busy, (80, 24), ("a",)),
    Shot("delete-120x36", scenes.busy, (120, 36), ("space", "space", "D")),
    Shot("limit-80x24", scenes.busy, (80, 24), ("l",)),
    Shot("link-80x24", scenes.busy, (80, 24), ("end", "u")),
    Shot("help-80x24", scenes.busy, (80, 24), ("question_mark",)),
    Shot("help-120x36", scenes.busy, (120, 36), ("question_mark",)),
    *(Shot(f"settings-{w}x{h}", scenes.busy, (w, h), ("s", "j")) for w, h in SIZES),
    Shot("setting-80x24", scenes.busy, (80, 24), ("s", "j", "enter")),
    Shot("theme-80x24", scenes.busy, (80, 24), ("s", "end", "k", "k", "enter")),
    Shot("add-more-80x24", scenes.busy, (80, 24), ("a", "ctrl+o")),
    *(Shot(f"history-{w}x{h}", scenes.busy, (w, h), ("h",)) for w, h in SIZES),
    Shot("filter-80x24", scenes.busy, (80, 24), ("slash", "i", "s", "o")),
    Shot("selected-80x24", scenes.busy, (80, 24), ("space", "j", "space")),
    Shot("many-80x24", lambda: scenes.many(10_000), (80, 24), ("end", "k")),
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


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
async def test_the_screen_looks_as_it_was_approved(shot: Shot) -> None:
    async with driven(shot.scene(), shot.size) as d:
        _fill_history(d)
        await d.press(*shot.keys)
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
    driver.app._look()
