"""One download as one line of the list. Pure.

Names and sentences come from servers: they pass ``display_text`` here, once, before
they become spans.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from tui_dl.domain.display import SafeText, display_text
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import Status
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_duration, format_rate, format_size
from tui_dl.domain.urls import parse_url
from tui_dl.tui.view.bars import progress_bar
from tui_dl.tui.view.columns import GUTTER, Columns
from tui_dl.tui.view.ink import Ink, Line, Span, left, right
from tui_dl.tui.view.listing import SortKey
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.view.words import LOOKS, brief_reason, status_word

NOTHING = "–"
MOVING = frozenset({Status.DOWNLOADING, Status.PROBING, Status.PAUSING, Status.VERIFYING})
"""Statuses whose numbers are worth full ink."""


def row_line(
    download: DownloadSnapshot,
    columns: Columns,
    *,
    cursor: bool,
    selected: bool,
    now: datetime,
) -> Line:
    """Return the line of one download; it fills ``columns.width`` cells."""
    look = LOOKS[download.status]
    spans: list[Span] = [
        ("▌" if cursor else " ", Ink.ACCENT),
        ("●" if selected else " ", Ink.ACCENT),
        (" ", Ink.TEXT),
        (left(short_name(download.name, columns.name), columns.name), _name_ink(download, cursor)),
        (_source(download, columns.source), Ink.FAINT),
        ("  ", Ink.TEXT),
        (left(status_word(download, columns.status, now), columns.status), look.ink),
    ]
    if download.failure is not None and download.status in (Status.FAILED, Status.PAUSED):
        spans.extend(_sentence(download, columns))
    else:
        spans.extend(_numbers(download, columns))
    return tuple(spans)


def header_line(columns: Columns) -> Line:
    """Return the headings over the columns."""
    spans: list[Span] = [
        (" " * 3 + left("name", columns.name) + _source_cell("from", columns.source), Ink.FAINT),
        ("  " + left("status", columns.status), Ink.FAINT),
    ]
    if columns.bar:
        spans.append((" " + left("progress", columns.bar), Ink.FAINT))
    if columns.percent:
        spans.append((" " * (columns.percent + 1), Ink.FAINT))
    for word, cells in (
        ("size", columns.size),
        ("rate", columns.rate),
        ("left", columns.left),
        ("conn", columns.connections),
    ):
        spans.append((right(word, cells), Ink.FAINT))
    return tuple(spans)


def sort_at(columns: Columns, x: int) -> SortKey | None:
    """Return what the heading at cell ``x`` sorts by, ``None`` if it is no order."""
    edges: tuple[tuple[int, SortKey | None], ...] = (
        (GUTTER + columns.name + columns.source, SortKey.NAME),
        (2 + columns.status, SortKey.STATUS),
        ((columns.bar and columns.bar + 1) + (columns.percent and columns.percent + 1), None),
        (columns.size, SortKey.SIZE),
        (columns.rate, SortKey.RATE),
        (columns.left, SortKey.LEFT),
        (columns.connections, SortKey.CONNECTIONS),
    )
    end = 0
    for cells, sort in edges:
        end += cells
        if x < end:
            return sort
    return None


@lru_cache(maxsize=4096)
def host_of(url: str) -> SafeText:
    """Return the host of a URL; of what is no URL, the text without its secrets."""
    try:
        return display_text(parse_url(url).host_port)
    except UsageError:
        return display_text(redacted(url))


def percent_text(fraction: float | None) -> str:
    """Return whole percents, rounded down: 100% means all of it."""
    if fraction is None:
        return NOTHING
    return f"{int(fraction * 100)}%"


def _source(download: DownloadSnapshot, cells: int) -> str:
    return _source_cell(host_of(download.url), cells) if cells else ""


def _source_cell(text: str, cells: int) -> str:
    return "  " + left(short_name(text, cells - 2), cells - 2) if cells else ""


def _name_ink(download: DownloadSnapshot, cursor: bool) -> Ink:
    if cursor:
        return Ink.STRONG
    return Ink.TEXT if download.status in MOVING else Ink.SOFT


def _sentence(download: DownloadSnapshot, columns: Columns) -> list[Span]:
    """The failure in place of the numbers; a percentage alone where no sentence fits."""
    if columns.numbers < 20 or download.failure is None:
        return _numbers(download, columns)
    text = brief_reason(download.failure, columns.numbers - 1)
    ink = Ink.FAIL if download.status is Status.FAILED else Ink.HOLD
    return [(" " + left(text, columns.numbers), ink)]


def _numbers(download: DownloadSnapshot, columns: Columns) -> list[Span]:
    look = LOOKS[download.status]
    ink = Ink.TEXT if download.status in MOVING else Ink.FAINT
    spans: list[Span] = []
    if columns.bar:
        spans.append((" ", Ink.TEXT))
        spans.extend(progress_bar(download.fraction, columns.bar, look.bar))
    if columns.percent:
        percent = right(percent_text(download.fraction), columns.percent)
        spans.append((" " + percent, ink))
    if columns.size:
        spans.append((right(_size(download), columns.size), ink))
    if columns.rate:
        spans.append((right(_rate(download, columns), columns.rate), ink))
    if columns.left:
        spans.append((right(_left(download), columns.left), ink))
    if columns.connections:
        shown = str(download.connections) if download.connections else NOTHING
        spans.append((right(shown, columns.connections), ink))
    return spans


def _size(download: DownloadSnapshot) -> str:
    if download.total_bytes is not None:
        return format_size(download.total_bytes)
    return format_size(download.done_bytes) if download.done_bytes else NOTHING


def _rate(download: DownloadSnapshot, columns: Columns) -> str:
    if download.status is Status.COMPLETED:
        if not columns.size:
            return _size(download)
        average = format_rate(download.average_bps) if download.average_bps else NOTHING
        return f"ø {average}" if columns.rate >= 12 else average
    if download.status is Status.DOWNLOADING:
        return format_rate(download.rate_bps)
    return NOTHING


def _left(download: DownloadSnapshot) -> str:
    if download.status is Status.COMPLETED and download.elapsed_s > 0:
        took = format_duration(download.elapsed_s) if download.elapsed_s >= 1 else "<1s"
        return f"in {took}"
    if download.status is Status.DOWNLOADING and download.eta_s is not None:
        return format_duration(download.eta_s)
    return NOTHING
