"""What leaves the app or comes from beside it: notices, themes, the clipboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tests.tui.hostile import HOSTILE
from tui_dl.config.schema import Settings, entries
from tui_dl.config.store import with_value
from tui_dl.service.contract import Recheck
from tui_dl.tui.clipboard import links_in
from tui_dl.tui.notices import osc9, osc777, tell_outside
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.screens.add import LinkArea
from tui_dl.tui.user_themes import load_themes

LINK = "https://example.org/a.iso"
GOOD = """
dark = false
primary = "#aa3377"
[variables]
bar-run = "#112233"
"""
BAD = {
    "no_toml.toml": ("= x", "Invalid statement"),
    "no_primary.toml": ("dark = true", "it needs at least primary"),
    "no_colour.toml": ("primary = 'reddish'", "'reddish' is no colour"),
    "unknown.toml": ("primary = 'red'\nborder = 'red'", "no colour called 'border'"),
    "binary.toml": ("\x1b]0;x\x07", "Theme binary.toml"),
}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_notice_ends_its_sequence(text: str) -> None:
    """S9: a file name must not reach the terminal as a command."""
    for sequence in (osc9(text), osc777(text)):
        assert re.fullmatch(r"\x1b\][^\x00-\x1f\x7f-\x9f]*\x07", sequence)
    assert osc777("a;b").count(";") == 3


def test_the_way_is_the_one_that_was_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PATH", str(tmp_path))  # no notify-send: nothing happens
    written: list[str] = []
    for way in ("off", "osc9", "osc777", "desktop"):
        tell_outside(way, "✓ a.iso\n3 MB", written.append)
    assert written == [osc9("✓ a.iso – 3 MB"), osc777("✓ a.iso – 3 MB")]


def test_themes_of_the_user_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    folder = tmp_path / "themes"
    assert load_themes(folder) == ([], [])
    folder.mkdir()
    (folder / "mine.toml").write_text(GOOD)
    (folder / "notes.txt").write_text("no theme")
    for name, (text, _) in BAD.items():
        (folder / name).write_text(text)
    themes, problems = load_themes(folder)
    assert [(theme.name, theme.dark, theme.primary) for theme in themes] == [
        ("mine", False, "#aa3377")
    ]
    assert len(problems) == len(BAD)
    for name, (_, reason) in BAD.items():
        (told,) = [problem for problem in problems if name in problem]
        assert reason in told
        assert told.isprintable()


async def test_the_app_wears_a_theme_of_the_user_and_tells_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "themes"
    folder.mkdir()
    (folder / "mine.toml").write_text(GOOD)
    (folder / "bad.toml").write_text("primary = 3")
    theme = next(entry for entry in entries() if entry.key == "ui.theme")
    settings = with_value(Settings(), theme, "mine")
    preferences = Preferences(settings, tmp_path / "settings.toml")
    async with driven(FakeService(), preferences=preferences) as d:
        assert d.app.theme == "mine"
        assert d.toasts == ["Theme bad.toml: primary: 3 is no colour."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LINK, (LINK,)),
        (f" {LINK}\n{LINK}?2 ", (LINK, f"{LINK}?2")),
        (f"see {LINK}", ()),
        ("ftp://example.org/a", ()),
        ("", ()),
        (f"{LINK}\n" * 9000, ()),
    ],
)
def test_only_a_text_of_nothing_but_links_is_looked_at(text: str, found: tuple[str, ...]) -> None:
    assert links_in(text) == found


async def test_a_link_in_the_clipboard_is_offered_once_and_never_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeService()
    monkeypatch.setattr("tui_dl.tui.screens.main.read_clipboard", lambda: LINK)
    async with driven(service) as d:
        for _ in range(2):
            d.app.app_focus = False
            d.app.app_focus = True
            await d.app.workers.wait_for_complete()
        assert d.toasts == ["A link is in the clipboard: V adds."]
        assert service.calls_of("add") == []
        await d.press("V")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert d.app.screen.query_one(LinkArea).text == LINK


async def test_keys_for_what_failed_is_done_or_is_to_be_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.tui import scenes

    service = scenes.busy()
    failed, done = service.named("report.pdf"), service.named("photos.zip")

    async def changed(id: str) -> Recheck:
        return Recheck.CHANGED

    monkeypatch.setattr(service, "recheck", changed)
    async with driven(service) as d:
        await d.press("F")
        assert service.calls_of("resume") == [(failed.id,)]
        await d.press("v")
        assert "is not done" in d.toasts[-1]
        d.listing.move_cursor_to(done.id)
        await d.press("v")
        assert d.toasts[-1].startswith("photos.zip: the file was changed")
        await d.press("Y")
        assert d.app.clipboard == f"{done.directory}/photos.zip"
        await d.press("C")
        assert "3 downloads are off the list" in d.toasts[-1]
