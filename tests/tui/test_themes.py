"""Every theme starts; ours can be read; NO_COLOR takes all colour and no meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES, Theme

from tests.tui import scenes
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.config.schema import Settings, Ui
from tui_dl.domain.model import Status
from tui_dl.tui import themes
from tui_dl.tui.preferences import Preferences

READABLE = 4.5
"""Contrast of WCAG AA for text."""
SOFT = 3.0
"""Contrast for what is only a help, as heads and hints."""


async def test_every_theme_shows_the_dashboard() -> None:
    async with driven(scenes.busy()) as d:
        for name in (*BUILTIN_THEMES, "tui-dl-light", "tui-dl-dark"):
            d.app.theme = name
            await d.pilot.pause()
            assert "debian-13.1.0-amd64-DVD-1.iso" in d.text


async def test_a_change_of_theme_repaints_the_rows() -> None:
    async with driven(scenes.busy()) as d:
        dark = d.listing.render_line(0)
        d.app.theme = "tui-dl-light"
        await d.settle()
        light = d.listing.render_line(0)
        assert dark.text == light.text
        assert list(dark) != list(light)


@pytest.mark.parametrize("inks_only", [True, False])
async def test_after_a_change_of_theme_the_screen_is_as_if_started_with_it(
    inks_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the whole theme, and of its inks alone, which change nothing that Textual knows."""
    other = themes.LIGHT
    if inks_only:
        inks = {**themes.DARK.variables, "ink-faint": "#ff0000", "rule": "#00ff00"}
        other = replace(themes.DARK, name="other-inks", variables=inks)
        monkeypatch.setattr(themes, "OWN_THEMES", (*themes.OWN_THEMES, other))
    shown: list[list[list[Segment]]] = []
    for first in ("tui-dl-dark", other.name):
        preferences = Preferences(Settings(ui=Ui(theme=first)))
        async with driven(scenes.busy(), preferences=preferences) as d:
            d.app.theme = other.name
            await d.settle()
            shown.append([list(strip) for strip in d.app.screen._compositor.render_strips()])
    assert shown[0] == shown[1]


async def test_a_key_does_not_apply_the_style_sheet_to_the_whole_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cost 20 ms a key, and the garbage of it 0.4 s now and then."""
    dressed: list[object] = []
    apply = Stylesheet.apply

    def noted(self: Stylesheet, node: DOMNode, **more: Any) -> None:
        dressed.append(node)
        apply(self, node, **more)

    service = FakeService()
    service.put("one.bin", Status.DOWNLOADING)
    service.put("two.bin", Status.COMPLETED)
    async with driven(service) as d:
        monkeypatch.setattr(Stylesheet, "apply", noted)
        await d.press("2", "4", "S", "down", "space", "right", "5")
        assert "Nothing is failed" in d.text
        await d.press("1")
        assert "two.bin" in d.text
        assert not dressed


@pytest.mark.parametrize("theme", themes.OWN_THEMES, ids=lambda theme: theme.name)
def test_our_inks_can_be_read_on_their_ground(theme: Theme) -> None:
    ground = Color.parse(theme.background or "")
    inks = {**theme.variables, "success": theme.success, "warning": theme.warning}
    inks |= {"error": theme.error, "accent": theme.accent, "foreground": theme.foreground}
    for name in ("foreground", "ink-strong", "ink-soft", "ink-hold", "error", "accent"):
        assert _contrast(Color.parse(str(inks[name])), ground) >= READABLE, name
    for name in ("success", "warning", "ink-faint"):
        assert _contrast(Color.parse(str(inks[name])), ground) >= SOFT, name


async def test_no_color_leaves_no_colour_and_all_the_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven(scenes.busy()) as d:
        await d.press("space")
        for strip in d.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(d.app._filters[-1], Color.parse("black")):
                style = segment.style
                assert style is None or style.color is None or style.color.is_default
                assert style is None or style.bgcolor is None or style.bgcolor.is_default
        for mark in ("● ", "▌", "▼ downloading", "✗ failed", "━", "─", "░", "▓"):
            assert mark in d.text


def _contrast(ink: Color, ground: Color) -> float:
    brighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
