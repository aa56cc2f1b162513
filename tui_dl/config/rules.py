"""What one setting accepts: its kind, its sentence, its bounds. Must not name settings."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from tui_dl.domain.quick_dataclass import dataclass

Value = bool | int | float | str


class Kind(StrEnum):
    """What a value is, and how its text form is read."""

    FLAG = "flag"
    COUNT = "count"
    SECONDS = "seconds"
    SIZE = "size"
    """Bytes, or bytes per second; ``"2M"`` is understood."""
    TEXT = "text"
    PATH = "path"
    CHOICE = "choice"
    WORDS = "words"
    """A command: a list of words in the file, or one text with words quoted as in a shell."""
    KEYS = "keys"
    """Pairs of a name and keys: ``NAME=KEY`` parted by blanks, in the file also a table."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field accepts. ``low`` and ``high`` are both allowed values."""

    kind: Kind
    about: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    read: Callable[[str], object] | None = None
    """Raises ``UsageError`` for a text that is none of its language."""


def rule(
    kind: Kind,
    about: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    read: Callable[[str], object] | None = None,
) -> dict[str, Rule]:
    return {"rule": Rule(kind, about, low, high, choices, read)}
