"""When the interpreter looks for garbage: not while it starts, and then without what stays.

Imports make 150,000 objects that stay, and each look walks through them: a tenth of the start
went there. Must not import anything of ours: it runs before everything else.
"""

from __future__ import annotations

import gc

AT_START = 300_000
"""New objects between two looks while a command starts. Short ones end before the first."""

AT_WORK = 20_000
"""New objects between two looks afterwards; the library's own 700 looks too often."""


def look_seldom() -> None:
    """Begin a process."""
    gc.set_threshold(AT_START, 20, 20)


def look_at_work() -> None:
    """End the start: what is there by now stays and is not looked at again. Repeatable."""
    gc.freeze()
    gc.set_threshold(AT_WORK, 20, 20)
