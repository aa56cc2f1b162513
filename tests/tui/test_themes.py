"""Every theme starts; ours can be read; NO_COLOR takes all colour and no meaning."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tests.tui import scenes
from tests.tui.driving import driven
from tui_dl.tui import themes

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
