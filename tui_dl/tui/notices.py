"""Telling outside the app that a download ended: by the terminal, or by the desktop.

Owns the escape sequences and the call of notify-send. Whatever text it gets, nothing in
it can end a sequence or become an option.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from tui_dl.domain.display import display_text
from tui_dl.tui.terminal_title import NO_TITLE

MOST_CELLS = 200


def plain(sentence: str) -> str:
    """Return a toast's sentence as one safe line."""
    return display_text(" – ".join(sentence.splitlines()), max_cells=MOST_CELLS)


def osc9(sentence: str) -> str:
    """Return the sequence of iTerm2, kitty, WezTerm, Windows Terminal and others."""
    # "4;" and the like at the start would be another command of ConEmu's.
    return f"\x1b]9;tui-dl: {plain(sentence)}\x07"


def osc777(sentence: str) -> str:
    """Return the sequence of urxvt, foot, VTE and others."""
    return f"\x1b]777;notify;tui-dl;{plain(sentence).replace(';', ',')}\x07"


def tell_outside(way: str, sentence: str, write: Callable[[str], None]) -> None:
    """Tell a sentence by ``way``: off, osc9, osc777 or desktop; ``write`` goes to the terminal."""
    if way in ("osc9", "osc777") and os.environ.get("TERM", "") not in NO_TITLE:
        write(osc9(sentence) if way == "osc9" else osc777(sentence))
    elif way == "desktop":
        _desktop(sentence)


def _desktop(sentence: str) -> None:
    program = shutil.which("notify-send")
    if program is None:
        return  # the toast in the app has told it
    try:
        subprocess.Popen(
            [program, "--app-name=tui-dl", "--", "tui-dl", plain(sentence)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return  # as above: this is beside the toast
