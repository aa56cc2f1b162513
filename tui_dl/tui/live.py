"""Settings that act at once: from the value in force to the engine or the app.

Must not save anything: that is ``preferences.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.theme import Theme

from tui_dl.config.rules import Value
from tui_dl.config.schema import Entry, entries
from tui_dl.domain.display import display_text
from tui_dl.domain.errors import TuiDlError
from tui_dl.tui import themes
from tui_dl.tui.keymap import read_keymap
from tui_dl.tui.screens.theme import ThemeDialog
from tui_dl.tui.user_themes import FOLDER, load_themes

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp


async def apply_now(app: TuiDlApp, entry: Entry) -> str | None:
    """Carry out a changed setting; return a sentence when the engine refuses."""
    downloads = app.preferences.settings.downloads
    try:
        if entry.key == "downloads.slots":
            await app.service.set_slots(downloads.slots)
        elif entry.key == "downloads.limit":
            await app.service.set_global_limit(downloads.limit)
        elif entry.key == "downloads.limit_each":
            await app.service.set_default_limit(downloads.limit_each)
        elif entry.key == "queue.schedule":
            await app.service.set_schedule(app.preferences.settings.queue.schedule)
        elif entry.section == "ui":
            wear(app)
    except TuiDlError as error:
        return error.message
    return None


async def choose_theme(app: TuiDlApp) -> None:
    """Ask for a theme, wear it and keep it; only inside a worker."""
    name = await app.push_screen_wait(ThemeDialog(sorted(app.available_themes), app.theme))
    if name is not None:
        entry = next(entry for entry in entries() if entry.key == "ui.theme")
        if problem := await app.preferences.change(entry, name):
            app.say(display_text(problem), "error")


def dress(app: TuiDlApp) -> tuple[str, ...]:
    """Make all themes known and wear what the settings say; return what is wrong."""
    found: Sequence[Theme] = themes.OWN_THEMES
    problems: Sequence[str] = ()
    if app.preferences.path is not None:
        own, problems = load_themes(app.preferences.path.parent / FOLDER)
        found = (*found, *own)
    for theme in found:
        app.register_theme(theme)
    return (*problems, *wear(app))


def wear(app: TuiDlApp) -> tuple[str, ...]:
    """Give the app its theme and keys; return what is wrong with them, a sentence each."""
    ui = app.preferences.settings.ui
    problems: list[str] = []
    wanted = ui.theme or themes.DARK.name
    if wanted in app.available_themes:
        app.theme = wanted
    else:
        problems.append(f"ui.theme: there is no theme {wanted!r}; tui-dl's own is used.")
        app.theme = themes.DARK.name
    keymap = read_keymap(ui.keys)
    app.set_keymap(dict(keymap.keys))
    return (*problems, *keymap.problems)


def problem_of(app: TuiDlApp, entry: Entry, value: Value) -> str | None:
    """Return why the app cannot take a value that its rule allows, display-safe."""
    if entry.key == "ui.theme" and value and value not in app.available_themes:
        return display_text(f"There is no theme {value!r}.")
    if entry.key == "ui.keys":
        problems = read_keymap(str(value)).problems
        return display_text(" ".join(problems)) if problems else None
    return None
