"""Our first two themes, and the colours that every other theme gets derived for our inks.

Owns colours only. One accent; statuses have a colour each, always beside a glyph and
a word. Textual asks for every variable that the style sheet names, so a theme that
knows nothing of ours must still start: see ``variable_defaults``.
"""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

from tui_dl.tui.more_themes import MORE_THEMES

DARK = Theme(
    name="tui-dl-dark",
    dark=True,
    primary="#5cc8d7",
    secondary="#8aa4c8",
    accent="#5cc8d7",
    foreground="#d5dbe6",
    background="#10141b",
    surface="#161b24",
    panel="#1c222d",
    success="#85c98a",
    warning="#e3b568",
    error="#ec7680",
    variables={
        "ink-strong": "#f4f7fb",
        "ink-soft": "#9aa5b6",
        "ink-faint": "#647083",
        "ink-hold": "#a99bd6",
        "track": "#2c3441",
        "rule": "#2a323e",
        "cursor-background": "#1f2835",
        "selected-background": "#182632",
        "bar-run": "#5cc8d7",
        "bar-done": "#4f7f58",
        "bar-retry": "#a5854e",
        "bar-hold": "#6a6391",
        "chunk-done": "#4a9aa6",
        "chunk-run": "#7fe3f0",
        "chunk-raced": "#e3b568",
        "chunk-wait": "#394352",
        "chunk-checked": "#85c98a",
        "graph": "#3f8f9b",
        "footer-key-foreground": "#5cc8d7",
        "block-cursor-background": "#5cc8d7",
        "block-cursor-foreground": "#10141b",
        "scrollbar": "#2c3441",
        "scrollbar-hover": "#3b4656",
        "scrollbar-active": "#5cc8d7",
        "scrollbar-background": "#10141b",
        "scrollbar-background-hover": "#10141b",
        "scrollbar-background-active": "#10141b",
        "scrollbar-corner-color": "#10141b",
        "input-selection-background": "#5cc8d7 30%",
    },
)

LIGHT = Theme(
    name="tui-dl-light",
    dark=False,
    primary="#0b7f91",
    secondary="#4a6487",
    accent="#0b7f91",
    foreground="#26303c",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#ebe8e1",
    success="#2f7d3a",
    warning="#95610a",
    error="#bd3340",
    variables={
        "ink-strong": "#0c1219",
        "ink-soft": "#5a6675",
        "ink-faint": "#87919d",
        "ink-hold": "#6a56a8",
        "track": "#d9d5cc",
        "rule": "#dcd8cf",
        "cursor-background": "#e6efee",
        "selected-background": "#eef3ef",
        "bar-run": "#0b7f91",
        "bar-done": "#7fb287",
        "bar-retry": "#cda55a",
        "bar-hold": "#a99fce",
        "chunk-done": "#57a3ae",
        "chunk-run": "#0b7f91",
        "chunk-raced": "#95610a",
        "chunk-wait": "#cfcac0",
        "chunk-checked": "#2f7d3a",
        "graph": "#6bb0ba",
        "footer-key-foreground": "#0b7f91",
        "block-cursor-background": "#0b7f91",
        "block-cursor-foreground": "#ffffff",
        "scrollbar": "#d3cec4",
        "scrollbar-hover": "#bfb9ad",
        "scrollbar-active": "#0b7f91",
        "scrollbar-background": "#fbfaf7",
        "scrollbar-background-hover": "#fbfaf7",
        "scrollbar-background-active": "#fbfaf7",
        "scrollbar-corner-color": "#fbfaf7",
        "input-selection-background": "#0b7f91 25%",
    },
)

OWN_THEMES = (DARK, LIGHT, *MORE_THEMES)


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Return a value for each variable of ours, from the colours of any theme."""
    colours = theme.to_color_system().generate()
    if theme.ansi:
        return _ansi_defaults()
    foreground, background = Color.parse(colours["foreground"]), Color.parse(colours["background"])
    primary = Color.parse(colours["primary"])
    accent = Color.parse(colours["accent"])
    success, warning = Color.parse(colours["success"]), Color.parse(colours["warning"])

    def mixed(colour: Color, share: float) -> str:
        return background.blend(colour, share, alpha=1.0).hex

    return {
        "ink-strong": foreground.hex,
        "ink-soft": mixed(foreground, 0.68),
        "ink-faint": mixed(foreground, 0.45),
        "ink-hold": mixed(Color.parse(colours["secondary"]), 0.8),
        "track": mixed(foreground, 0.16),
        "rule": mixed(foreground, 0.16),
        "cursor-background": mixed(primary, 0.16),
        "selected-background": mixed(primary, 0.08),
        "bar-run": accent.hex,
        "bar-done": mixed(success, 0.6),
        "bar-retry": mixed(warning, 0.7),
        "bar-hold": mixed(foreground, 0.4),
        "chunk-done": mixed(accent, 0.7),
        "chunk-run": accent.hex,
        "chunk-raced": warning.hex,
        "chunk-wait": mixed(foreground, 0.25),
        "chunk-checked": success.hex,
        "graph": mixed(accent, 0.7),
    }


def _ansi_defaults() -> dict[str, str]:
    """Return ANSI colours: mixing is impossible where the terminal owns the palette."""
    return {
        "ink-strong": "ansi_default",
        "ink-soft": "ansi_default",
        "ink-faint": "ansi_bright_black",
        "ink-hold": "ansi_magenta",
        "track": "ansi_bright_black",
        "rule": "ansi_bright_black",
        "cursor-background": "ansi_black",
        "selected-background": "ansi_default",
        "bar-run": "ansi_cyan",
        "bar-done": "ansi_green",
        "bar-retry": "ansi_yellow",
        "bar-hold": "ansi_magenta",
        "chunk-done": "ansi_cyan",
        "chunk-run": "ansi_bright_cyan",
        "chunk-raced": "ansi_yellow",
        "chunk-wait": "ansi_bright_black",
        "chunk-checked": "ansi_green",
        "graph": "ansi_cyan",
    }
