"""File names as they are shown: safe first, then shortened in the middle. Pure."""

from __future__ import annotations

from functools import lru_cache

from tui_dl.domain.display import SafeText, display_text, shorten_middle


@lru_cache(maxsize=4096)
def short_name(name: str, cells: int) -> SafeText:
    """Return any name, made safe, in at most ``cells`` cells with its extension kept."""
    return shorten_middle(display_text(name), cells)
