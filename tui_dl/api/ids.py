"""Ids that clients choose. They name files of the state folder, so only UUIDs will do."""

from __future__ import annotations

import re

from tui_dl.domain.errors import UsageError

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def checked_id(text: str) -> str:
    """Return the id in lower case.

    Raises:
        UsageError: it is no UUID.
    """
    lower = text.lower()
    if not _UUID.fullmatch(lower):
        raise UsageError("invalid id: a UUID is expected")
    return lower
