"""Regular expressions that are compiled when they are first used.

Most commands load all of them and use a few: compiling the rest took 5 % of the start.
"""

from __future__ import annotations

import re
from typing import Any, cast


def late_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return what behaves as ``re.compile(text, flags)``; a mistake in it shows at first use."""
    return cast("re.Pattern[str]", _LatePattern(text, flags))


class _LatePattern:
    """Stands for a pattern; after its first use a method is the pattern's own."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found
