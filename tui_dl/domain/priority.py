"""How much a download matters beside others: a number that goes before its place in the queue."""

from __future__ import annotations

from tui_dl.domain.errors import ErrorCode, UsageError

LEAST = -100
MOST = 100


def check_priority(priority: int) -> None:
    """Refuse a number that is none.

    Raises:
        UsageError: it is below ``LEAST`` or above ``MOST``.
    """
    if not LEAST <= priority <= MOST:
        raise UsageError(
            f"The priority {priority} is not from {LEAST} to {MOST}.",
            code=ErrorCode.INVALID_OPTION,
        )


def parse_priority(text: str) -> int:
    """Return the priority of a text such as ``5``, ``+5`` or ``-5``.

    Raises:
        UsageError: it is no whole number, or out of bounds.
    """
    digits = text[1:] if text[:1] in ("-", "+") else text
    if digits.isascii() and digits.isdecimal() and len(digits) <= 9:
        value = -int(digits) if text.startswith("-") else int(digits)
        if LEAST <= value <= MOST:
            return value
    raise UsageError(
        f"{text!r} is no priority; it is a whole number from {LEAST} to {MOST}, 0 is usual."
    )
