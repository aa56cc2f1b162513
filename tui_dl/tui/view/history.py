"""What has ended, latest first, as lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_size
from tui_dl.tui.view.ink import Ink, Line, left, right
from tui_dl.tui.view.listing import Tab, arrange
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.view.row import host_of
from tui_dl.tui.view.words import LOOKS, status_word

WHEN_CELLS = 16
SIZE_CELLS = 10
STATUS_CELLS = 15
HOST_CELLS = 26
HOST_FROM = 100
"""Width from which on the host is shown."""


def ended(downloads: Sequence[DownloadSnapshot], needle: str) -> list[DownloadSnapshot]:
    """Return what is over and matches every word of ``needle``, the latest first."""
    over = [download for download in downloads if download.status.is_over]
    return sorted(arrange(over, Tab.ALL, needle), key=ended_at, reverse=True)


def ended_at(download: DownloadSnapshot) -> datetime:
    """Return when it ended; of a failed one only the start is known."""
    return download.completed_at or download.started_at or download.created_at


def history_heading(width: int) -> Line:
    """Return the headings over the columns."""
    name, host = _room(width)
    return (
        (" " * 3 + left("name", name) + " ", Ink.FAINT),
        (left("from", host), Ink.FAINT),
        (left("status", STATUS_CELLS), Ink.FAINT),
        (right("size", SIZE_CELLS) + "  ", Ink.FAINT),
        (left("when", WHEN_CELLS), Ink.FAINT),
    )


def history_line(download: DownloadSnapshot, width: int, *, cursor: bool) -> Line:
    """Return one download that is over; times are local."""
    name, host = _room(width)
    look = LOOKS[download.status]
    size_bytes = download.done_bytes
    if download.status is not Status.COMPLETED and download.total_bytes is not None:
        size_bytes = download.total_bytes
    end = ended_at(download)
    source = short_name(host_of(download.url), host - 2) if host else ""
    return (
        ("▌" if cursor else " ", Ink.ACCENT),
        ("  ", Ink.TEXT),
        (left(short_name(download.name, name), name) + " ", Ink.STRONG if cursor else Ink.TEXT),
        (left(source, host), Ink.FAINT),
        (left(status_word(download, STATUS_CELLS - 1, end), STATUS_CELLS), look.ink),
        (right(format_size(size_bytes) if size_bytes else "–", SIZE_CELLS) + "  ", Ink.SOFT),
        (left(f"{end.astimezone():%Y-%m-%d %H:%M}", WHEN_CELLS), Ink.FAINT),
    )


def _room(width: int) -> tuple[int, int]:
    """Return the cells of name and host."""
    host = HOST_CELLS if width >= HOST_FROM else 0
    return max(0, width - 3 - 1 - host - STATUS_CELLS - SIZE_CELLS - 2 - WHEN_CELLS - 1), host
