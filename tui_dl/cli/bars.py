"""The lines that ``get`` draws on a terminal. Pure: snapshots and a width in, text out.

No line is wider than asked, and each number keeps its place, so that nothing dances.
The text is display-safe and holds no control sequence: ``live.py`` adds those.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_dl.cli import sentences
from tui_dl.domain.characters import cell_width
from tui_dl.domain.display import display_text, shorten_middle
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_duration, format_rate, format_size

_GAP = "  "
_NUMBERS = (
    # Cells of percent, size, rate, time left and connections; from the last one they give
    # way to the name when the terminal is narrow.
    (4, 8, 9, 7, 3),
    (4, 8, 9, 7),
    (4, 8, 9),
    (4, 9),
    (4,),
)
_MIN_NAME = 12
_MAX_NAME = 40
_MIN_BAR = 8


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything of the run, for the last line."""

    finished: int
    failed: int
    total: int
    done_bytes: int
    """Of the unfinished ones and of those that this run finished."""
    rate_bps: float


def bar_lines(
    downloads: Sequence[DownloadSnapshot], totals: Totals, width: int, rows: int
) -> list[str]:
    """Return at most ``rows`` lines of at most ``width`` cells: the running ones, the sum."""
    running = [item for item in downloads if item.status is not Status.QUEUED]
    has_sum = totals.total > 1
    room = max(1, rows - 1) if has_sum else max(1, rows)
    lines = [download_line(item, width) for item in running[:room]]
    if has_sum and rows > 1:
        lines.append(sum_line(totals, len(running), width))
    return lines


def download_line(download: DownloadSnapshot, width: int) -> str:
    """Return name, bar, percent, size, rate, time left and connections, as far as they fit."""
    if width < _MIN_NAME + 2:
        return display_text(download.name, max_cells=width)
    if download.status is not Status.DOWNLOADING:
        return _worded_line(download, width)
    numbers = _numbers(download, width)
    room = width - cell_width(numbers) - len(_GAP)
    name_cells = min(_MAX_NAME, max(_MIN_NAME, room // 2))
    bar_cells = room - name_cells - len(_GAP)
    if bar_cells < _MIN_BAR:
        return _name(download, room) + _GAP + numbers
    bar = _bar(download.fraction, bar_cells)
    return _name(download, name_cells) + _GAP + bar + _GAP + numbers


def sum_line(totals: Totals, running: int, width: int) -> str:
    """Return how many are done, how many run, and the rate of all."""
    parts = [f"{totals.finished} of {totals.total} done", f"{running} running"]
    if totals.failed:
        parts.append(f"{totals.failed} failed")
    parts += [format_size(totals.done_bytes), format_rate(totals.rate_bps)]
    return display_text(", ".join(parts), max_cells=width)


def _worded_line(download: DownloadSnapshot, width: int) -> str:
    words = display_text(sentences.waiting(download))
    name_cells = min(_MAX_NAME, max(_MIN_NAME, width - cell_width(words) - len(_GAP)))
    room = width - name_cells - len(_GAP)
    return _name(download, name_cells) + _GAP + display_text(words, max_cells=room)


def _name(download: DownloadSnapshot, cells: int) -> str:
    name = shorten_middle(display_text(download.name), cells)
    return name + " " * (cells - cell_width(name))


def _numbers(download: DownloadSnapshot, width: int) -> str:
    fraction = download.fraction
    size = download.done_bytes if download.total_bytes is None else download.total_bytes
    percent = "" if fraction is None else sentences.percent(fraction)
    rate = format_rate(download.rate_bps)
    texts = (
        percent,
        format_size(size),
        rate,
        format_duration(download.eta_s),
        f"x{download.connections}",
    )
    for cells in _NUMBERS:
        chosen = (percent, rate) if len(cells) == 2 else texts[: len(cells)]
        line = _GAP.join(text.rjust(room) for text, room in zip(chosen, cells, strict=True))
        if cell_width(line) + len(_GAP) + _MIN_NAME <= width:
            return line
    return ""


def _bar(fraction: float | None, cells: int) -> str:
    if fraction is None:
        return "┈" * cells
    halves = int(fraction * cells * 2)
    full, half = divmod(halves, 2)
    return "━" * full + "╸" * half + "┈" * (cells - full - half)
