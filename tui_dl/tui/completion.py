"""Completion of folders while they are typed. Looks at the disk off the loop."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester

ENTRIES_LOOKED_AT = 5000
"""A folder may hold millions; a suggestion is not worth reading them all."""


class FolderSuggester(Suggester):
    """Suggest the first folder, by name, that goes on as what is typed."""

    def __init__(self, base: str) -> None:
        """Relative folders count from ``base``."""
        super().__init__(use_cache=False, case_sensitive=True)
        self._base = base

    async def get_suggestion(self, value: str) -> str | None:
        """Return ``value`` with the rest of a folder's name behind it."""
        if not value:
            return None
        return await asyncio.to_thread(completed, value, self._base)


def completed(text: str, base: str) -> str | None:
    """Return ``text`` completed to a folder that exists, ``None`` when there is none.

    Hidden folders only if their dot is typed; names that are no plain text never.
    """
    typed, _, start = text.rpartition("/")
    parent = typed + "/" if "/" in text else ""
    try:
        folder = Path(base).joinpath(Path(parent).expanduser())
        with os.scandir(folder) as found:
            names = [
                entry.name
                for entry in islice(found, ENTRIES_LOOKED_AT)
                if _goes_on(entry.name, start) and entry.is_dir()
            ]
    except (OSError, RuntimeError, ValueError):
        return None  # not there, not ours, no such home, a NUL: nothing to suggest
    return f"{parent}{min(names)}/" if names else None


def _goes_on(name: str, start: str) -> bool:
    if not name.isprintable() or (name.startswith(".") and not start):
        return False
    return name.startswith(start) and name != start
