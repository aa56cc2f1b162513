"""Themes of the user's own: one TOML file each, in ``themes`` beside the settings.

A file that cannot be used is a sentence; the app starts all the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from tui_dl.domain.display import display_text
from tui_dl.tui.themes import DARK

FOLDER = "themes"
COLOURS = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel"),
    *("success", "warning", "error"),
)
MOST_BYTES = 64 * 1024


def load_themes(folder: Path) -> tuple[list[Theme], list[str]]:
    """Return the themes of a folder, and what is wrong with others, a safe sentence each."""
    themes: list[Theme] = []
    problems: list[str] = []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:
        return [], []  # no folder, no themes
    for path in files:
        try:
            themes.append(read_theme(path))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problems.append(display_text(f"Theme {path.name}: {reason}"))
    return themes, problems


def read_theme(path: Path) -> Theme:
    """Return the theme of one file; its name is that of the file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no theme, with the reason.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("the file is too long for a theme.")
    try:
        wanted = tomllib.loads(data.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8.") from error
    variables = wanted.pop("variables", {})
    dark = wanted.pop("dark", True)
    if not isinstance(dark, bool) or not isinstance(variables, dict):
        raise ValueError("dark is true or false, and variables is a table.")
    colours = _colours(wanted, COLOURS)
    if "primary" not in colours:
        raise ValueError("it needs at least primary, such as primary = '#5cc8d7'.")
    colours.setdefault("accent", colours["primary"])
    return Theme(
        name=path.stem,
        dark=dark,
        variables=_colours(variables, tuple(DARK.variables)),
        primary=colours.pop("primary"),
        secondary=colours.get("secondary"),
        accent=colours["accent"],
        foreground=colours.get("foreground"),
        background=colours.get("background"),
        surface=colours.get("surface"),
        panel=colours.get("panel"),
        success=colours.get("success"),
        warning=colours.get("warning"),
        error=colours.get("error"),
    )


def _colours(wanted: Mapping[str, object], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"there is no colour called {name!r}.")
        try:
            Color.parse(str(value))
        except ColorParseError as error:
            raise ValueError(f"{name}: {value!r} is no colour.") from error
        found[name] = str(value)
    return found
