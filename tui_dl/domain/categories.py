"""Kinds of files, told by their names, and the folder that each goes to. Pure.

``images = *.iso *.img -> /srv/images; films = *.mkv *.mp4 -> ~/Films`` — patterns as in a
shell, case does not matter, the first category that fits counts. A second ``-> FOLDER``
takes the file there once it is finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass

_NAME = late_pattern(r"[\w-]+")
_EXAMPLE = "Write it like films = *.mkv *.mp4 -> ~/Films."


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of files."""

    name: str
    patterns: tuple[str, ...]
    """Lower case."""
    folder: str
    move_to: str | None = None
    """Where the finished file goes, when that is another folder."""

    def fits(self, file_name: str) -> bool:
        """Return whether a file of that name belongs here."""
        return any(fnmatchcase(file_name.lower(), pattern) for pattern in self.patterns)


def category_of(file_name: str, categories: Iterable[Category]) -> Category | None:
    """Return the first category that fits."""
    return next((category for category in categories if category.fits(file_name)), None)


def category_named(name: str, categories: Iterable[Category]) -> Category:
    """Return the category of a name.

    Raises:
        UsageError: there is none; the sentence tells which there are.
    """
    known = {category.name: category for category in categories}
    if name in known:
        return known[name]
    names = ", ".join(known) or "none; after.categories of the settings makes them"
    raise UsageError(f"There is no category {name!r}. There are: {names}.")


@lru_cache(maxsize=16)
def parse_categories(text: str) -> tuple[Category, ...]:
    """Read categories parted by ``;``; an empty text is none.

    Raises:
        UsageError: with the number of the category and what is wrong in it.
    """
    found: dict[str, Category] = {}
    for number, piece in enumerate(re.split(r"[;\n]", text), start=1):
        if not piece.strip():
            continue
        try:
            category = _category(piece)
            if category.name in found:
                raise UsageError(f"{category.name!r} is there already.")
        except UsageError as error:
            raise UsageError(f"Category {number}: {error.message}") from error
        found[category.name] = category
    return tuple(found.values())


def _category(text: str) -> Category:
    name, equals, rest = text.partition("=")
    patterns, *folders = (piece.strip() for piece in rest.split("->"))
    name, words = name.strip(), patterns.lower().split()
    if not equals or not words or len(folders) not in (1, 2) or _NAME.fullmatch(name) is None:
        raise UsageError(f"It takes a name, patterns and a folder. {_EXAMPLE}")
    for folder in folders:
        if not folder.startswith(("/", "~")):
            raise UsageError(f"{folder!r} must be a whole path. {_EXAMPLE}")
    return Category(name, tuple(words), *folders)
