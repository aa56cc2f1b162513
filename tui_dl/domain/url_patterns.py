"""URL patterns: one text for many addresses. Pure.

``file[001-100].zip``, ``disc[a-d].iso``, ``[0-100:10]`` and ``{linux,mac}`` are each every
value in turn; several in one URL multiply, the last one runs fastest. A backslash before a
bracket or brace takes it as it is. What does not look exactly like a pattern (an IPv6 host,
``[1]``, JSON in a query) is part of the URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from math import prod

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern

MOST_URLS = 10_000

_PATTERN = late_pattern(
    r"""
    \\(?P<literal>[\[\]{}])
    | \[(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})(?::(?P<step>[0-9]{1,18}))?\]
    | \[(?P<from>[a-z])-(?P<to>[a-z])(?::(?P<stride>[0-9]{1,2}))?\]
    | \[(?P<From>[A-Z])-(?P<To>[A-Z])(?::(?P<Stride>[0-9]{1,2}))?\]
    | \{(?P<words>[\w.~%+/=-]*(?:,[\w.~%+/=-]*)+)\}
    """,
    re.VERBOSE | re.ASCII,
)


def expand_url(text: str) -> list[str]:
    """Return every address that a text stands for; a text without a pattern is itself.

    Raises:
        UsageError: a range runs backwards or stands still, or they are more than 10,000.
    """
    pieces: list[tuple[str, ...] | _Numbers] = []
    end = 0
    for match in _PATTERN.finditer(text):
        pieces += [(text[end : match.start()],), _values(match)]
        end = match.end()
    pieces.append((text[end:],))
    count = prod(len(piece) for piece in pieces)
    if count > MOST_URLS:
        raise UsageError(
            f"The pattern stands for {count} addresses; at most {MOST_URLS} are taken at once."
        )
    return ["".join(choice) for choice in product(*pieces)]


def as_literal(text: str) -> str:
    """Return the text that ``expand_url`` turns into exactly ``text``."""
    return re.sub(r"[\[\]{}]", r"\\\g<0>", text)


class _Numbers:
    """The numbers of a range as texts of one width, made when they are asked for."""

    def __init__(self, numbers: range, width: int) -> None:
        self._numbers = numbers
        self._width = width

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:0{self._width}}" for number in self._numbers)


def _values(match: re.Match[str]) -> tuple[str, ...] | _Numbers:
    if (literal := match["literal"]) is not None:
        return (literal,)
    if (words := match["words"]) is not None:
        return tuple(words.split(","))
    if (first := match["first"]) is not None:
        numbers = _range(match[0], int(first), int(match["last"]), match["step"])
        return _Numbers(numbers, len(first) if first.startswith("0") else 1)
    start, end, step = (match[n] or match[n.capitalize()] for n in ("from", "to", "stride"))
    return tuple(map(chr, _range(match[0], ord(start), ord(end), step)))


def _range(text: str, first: int, last: int, step: str | None) -> range:
    if last < first:
        raise UsageError(f"The range {text} runs backwards; a backslash before [ takes it as text.")
    if step is not None and int(step) == 0:
        raise UsageError(f"The range {text} stands still: its step is 0.")
    return range(first, last + 1, int(step or 1))
