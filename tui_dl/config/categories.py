"""The categories of the settings, with whole paths."""

from __future__ import annotations

from dataclasses import replace

from tui_dl.config.paths import absolute
from tui_dl.config.schema import Settings
from tui_dl.domain.categories import Category, parse_categories


def categories_of(settings: Settings) -> tuple[Category, ...]:
    """Return the categories in the order in which they are tried."""
    found = parse_categories(settings.after.categories)
    return tuple(
        replace(
            item,
            folder=str(absolute(item.folder)),
            move_to=str(absolute(item.move_to)) if item.move_to else None,
        )
        for item in found
    )
