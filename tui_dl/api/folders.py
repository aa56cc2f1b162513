"""Where callers of the API may write (trap S8).

Must not create folders and must not look inside files. Names of files are made safe by
the engine; this is about folders only.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Folders:
    """The default target, the roots below which targets may lie, and what is never one."""

    directory: str
    """Default target, absolute. It is a root itself."""
    roots: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    """State and settings: no target may lie inside, not even for the owner."""

    def resolve(self, wanted: str | None, *, trusted: bool = False) -> str:
        """Return the absolute target folder for what a caller wrote.

        Nothing is the default folder; a relative path lies below it; an absolute one must
        lie inside a root after all links are followed. Hidden folders are no targets,
        unless a root itself is inside one: that is where autostart files and keys live.
        ``trusted`` callers (the owner's own command line) may name any absolute folder.

        Raises:
            UsageError: ``NOT_WRITABLE``, when the folder is not allowed.
        """
        text = wanted or ""
        if "\0" in text:
            raise _refused("holds a NUL character")
        if ".." in text.split("/"):
            raise _refused("holds ..")
        path = os.path.realpath(Path(self.directory) / text)
        for place in self.forbidden:
            if _inside(path, os.path.realpath(place)) is not None:
                raise _refused("belongs to tui-dl itself")
        if trusted and Path(text).is_absolute():
            return path
        for root in (self.directory, *self.roots):
            below = _inside(path, os.path.realpath(root))
            if below is not None and not any(name.startswith(".") for name in below):
                return path
        raise _refused("is outside of the folders that the API may write to")


def _inside(path: str, root: str) -> tuple[str, ...] | None:
    """Return the names from ``root`` down to ``path``; ``None`` when it is elsewhere."""
    try:
        return Path(path).relative_to(root).parts
    except ValueError:
        return None


def _refused(why: str) -> UsageError:
    return UsageError(f"The target folder {why}.", code=ErrorCode.NOT_WRITABLE)
