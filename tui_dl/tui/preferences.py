"""The settings while the app runs: what is in force, and how a change is kept.

Must not know widgets. What takes effect at once is named here and done in ``live.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tui_dl.config.rules import Value
from tui_dl.config.schema import Entry, Settings, entries
from tui_dl.config.store import save_settings, with_value
from tui_dl.domain.errors import UsageError

LIVE_KEYS = frozenset(
    (
        "downloads.slots",
        "downloads.limit",
        "downloads.limit_each",
        "queue.schedule",
        "ui.theme",
        "ui.keys",
        "ui.bell",
        "ui.title",
        "ui.preview",
        "ui.notify",
        "ui.clipboard",
    )
)
"""Settings that act at once. All others do at the next start."""
SCREEN_SECTION = "ui"


class Preferences:
    """The settings of this run and the file that they are kept in."""

    def __init__(self, settings: Settings | None = None, path: Path | None = None) -> None:
        """Start from ``settings``; without a ``path`` changes hold for this run only."""
        self.settings = Settings() if settings is None else settings
        self.path = path

    def value_of(self, entry: Entry) -> Value:
        """Return the value in force; of what waits for the next start, the one in the file."""
        value: Value = getattr(getattr(self.settings, entry.section), entry.name)
        return value

    async def change(self, entry: Entry, value: Value | None) -> str | None:
        """Take a checked value, ``None`` for the default, and keep it in the file.

        Returns a sentence when it could not be kept; it holds for this run all the same.
        """
        new = entry.default if value is None else value
        self.settings = with_value(self.settings, entry, new)
        if self.path is None:
            return None
        try:
            # The file is synced to the disk, which may take its time.
            await asyncio.to_thread(save_settings, self.path, {entry.key: value})
        except UsageError as error:
            return f"It holds until you leave, but was not saved: {error.message}"
        except OSError as error:
            return f"It holds until you leave, but was not saved: {error.strerror}."
        return None


def shown_entries(*, remote: bool) -> Sequence[Entry]:
    """Return the settings that can be changed from here.

    Those of a remote engine are in a file of its own, so only those of the screen are left.
    """
    return [entry for entry in entries() if not remote or entry.section == SCREEN_SECTION]
