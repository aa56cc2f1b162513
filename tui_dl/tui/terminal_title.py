"""The window's title: set while the app is open, given back when it closes.

Owns the escape sequences. Whatever text it gets, nothing in it can end the sequence.
"""

from __future__ import annotations

from collections.abc import Callable

from tui_dl.domain.display import display_text

PUSH, POP = "\x1b[22;2t", "\x1b[23;2t"
"""xterm's stack of titles; terminals that have none ignore both."""
NO_TITLE = frozenset({"", "dumb", "linux", "vt100", "vt220"})
"""Terminals that have no title, by TERM."""


class TerminalTitle:
    """Writes a title when it changes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._shown: str | None = None

    def show(self, text: str) -> None:
        """Show ``text``; the first call remembers the old title."""
        if text == self._shown:
            return
        if self._shown is None:
            self._write(PUSH)
        self._shown = text
        self._write(f"\x1b]2;{display_text(text, max_cells=120)}\x07")

    def close(self) -> None:
        """Give the old title back."""
        if self._shown is not None:
            self._shown = None
            self._write(f"\x1b]2;\x07{POP}")
