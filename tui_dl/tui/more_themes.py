"""More themes of our own, each from a dozen colours; what is between them is mixed.

Owns colours only. ``themes.variable_defaults`` derives what a theme does not name.
"""

from __future__ import annotations

from textual.theme import Theme

EMBER = Theme(
    name="tui-dl-ember",
    dark=True,
    primary="#f0a35e",
    secondary="#c99b7a",
    accent="#f0a35e",
    foreground="#e8ddd2",
    background="#17120f",
    surface="#1f1814",
    panel="#281f1a",
    success="#a9c77d",
    warning="#f2cf66",
    error="#f27d72",
    variables={
        "ink-strong": "#fbf4ec",
        "ink-soft": "#b8a797",
        "ink-faint": "#84746a",
        "ink-hold": "#c6a2d6",
        "footer-key-foreground": "#f0a35e",
    },
)

FOREST = Theme(
    name="tui-dl-forest",
    dark=True,
    primary="#7fd1a0",
    secondary="#93b7a4",
    accent="#7fd1a0",
    foreground="#d6e2d9",
    background="#0e1512",
    surface="#141d19",
    panel="#1b2621",
    success="#9ccf6b",
    warning="#e5c06a",
    error="#ee8079",
    variables={
        "ink-strong": "#f1f8f3",
        "ink-soft": "#9cb0a4",
        "ink-faint": "#687c71",
        "ink-hold": "#a6a8e0",
        "footer-key-foreground": "#7fd1a0",
    },
)

PAPER = Theme(
    name="tui-dl-paper",
    dark=False,
    primary="#8a3f1d",
    secondary="#6a5a44",
    accent="#8a3f1d",
    foreground="#33291f",
    background="#f7f0e1",
    surface="#f0e7d4",
    panel="#e8ddc6",
    success="#46701f",
    warning="#8f5d00",
    error="#ab2b2b",
    variables={
        "ink-strong": "#1b130b",
        "ink-soft": "#67594a",
        "ink-faint": "#8d7e6c",
        "ink-hold": "#634c9c",
        "footer-key-foreground": "#8a3f1d",
    },
)

CONTRAST = Theme(
    name="tui-dl-contrast",
    dark=True,
    primary="#ffd400",
    secondary="#c0c0c0",
    accent="#ffd400",
    foreground="#ffffff",
    background="#000000",
    surface="#0d0d0d",
    panel="#1c1c1c",
    success="#5dff7f",
    warning="#ffb454",
    error="#ff7a7a",
    variables={
        "ink-strong": "#ffffff",
        "ink-soft": "#d8d8d8",
        "ink-faint": "#a8a8a8",
        "ink-hold": "#d0b3ff",
        "footer-key-foreground": "#ffd400",
    },
)

MORE_THEMES = (EMBER, FOREST, PAPER, CONTRAST)
