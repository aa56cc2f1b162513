"""Links in the desktop's clipboard: looked at when the app gets the focus, only offered.

Must not add anything, and must not look at anything but a text of nothing but links.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from tui_dl.domain.errors import UsageError
from tui_dl.domain.urls import parse_url, split_url_text

READERS = (
    ("WAYLAND_DISPLAY", ("wl-paste", "--no-newline", "--type", "text")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-out")),
    ("DISPLAY", ("xsel", "--clipboard", "--output")),
)
"""Variable that says that the program can work, and its call."""
LONGEST_READ_S = 1.0
MOST_BYTES = 64 * 1024


def links_in(text: str) -> tuple[str, ...]:
    """Return the links of a text that holds nothing else, else none."""
    pieces = split_url_text(text) if len(text) <= MOST_BYTES else ()
    for piece in pieces:
        if not piece.lower().startswith(("http://", "https://")):
            return ()
        try:
            parse_url(piece)
        except UsageError:
            return ()
    return tuple(pieces)


def read_clipboard() -> str:
    """Return the text in the clipboard, empty when there is none to be had. Blocks; at most 1 s."""
    for variable, call in READERS:
        program = shutil.which(call[0]) if variable in os.environ else None
        if program is None:
            continue
        try:
            done = subprocess.run(
                [program, *call[1:]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_READ_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
    return ""
