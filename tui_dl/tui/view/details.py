"""All about one download, as lines for any width and height. Pure.

Four tabs: overview, chunks, connections, log. Every word that came from outside passes
``display_text`` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum

from tui_dl.domain.display import display_text
from tui_dl.domain.model import Status
from tui_dl.domain.redaction import redacted
from tui_dl.domain.schedule import local_wall
from tui_dl.domain.snapshot import DownloadDetails, DownloadSnapshot
from tui_dl.domain.units import format_duration, format_exact, format_rate, format_size
from tui_dl.tui.view.bars import graph, progress_bar
from tui_dl.tui.view.chunks import chunk_cells, chunk_lines, legend
from tui_dl.tui.view.ink import BLANK, Ink, Line, Span, justified, left, right, width_of, wrapped
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.view.row import host_of, percent_text
from tui_dl.tui.view.words import (
    FINISHED_KEYS,
    LOOKS,
    assurance_sentence,
    next_step,
    offered_keys,
    status_word,
    waits_until,
)

MARGIN = 3
LABEL_CELLS = 10
KeyOf = Callable[[str], str]
"""Binding id to the key that it is on now."""


class DetailsTab(StrEnum):
    """The tabs of the details, in order."""

    OVERVIEW = "overview"
    CHUNKS = "chunks"
    CONNECTIONS = "connections"
    LOG = "log"


def details_lines(
    details: DownloadDetails,
    tab: DetailsTab,
    width: int,
    height: int,
    key_of: KeyOf,
    now: datetime,
) -> list[Line]:
    """Return the lines of a tab. The log and the connections may be longer than ``height``."""
    inner = max(1, width - 2 * MARGIN)
    match tab:
        case DetailsTab.OVERVIEW:
            lines = _overview(details, inner, height, key_of, now)
        case DetailsTab.CHUNKS:
            lines = _chunks(details, inner, height)
        case DetailsTab.CONNECTIONS:
            lines = _connections(details, inner)
        case DetailsTab.LOG:
            lines = _log(details, inner)
    return [((" " * MARGIN, Ink.TEXT), *line) if line else BLANK for line in lines]


# --- overview -------------------------------------------------------------------------


def _overview(
    details: DownloadDetails, width: int, height: int, key_of: KeyOf, now: datetime
) -> list[Line]:
    """Failure, facts, then map, graph and log as far as the height goes."""
    lines = [_headline(details, now)]
    if details.download.failure is not None:
        lines += [BLANK, *_failure(details.download, width, key_of), BLANK]
    lines += _facts(details, width, now)
    room = height - len(lines)
    if details.segments and room >= 3:
        chunk_map = _map(details, width, _map_rows(details, room))
        spare = room - len(chunk_map)
        lines += [BLANK] if spare >= 1 else []
        lines += [*chunk_map[:-1], BLANK, chunk_map[-1]] if spare >= 2 else chunk_map
    room = height - len(lines)
    if details.download.status is Status.COMPLETED and room >= 2:
        lines += [BLANK, _keys(FINISHED_KEYS, width, key_of)]
        room -= 2
    if details.rate_history and room >= 3:
        lines += _graph(details, width, min(10, room - 1 - (room > 3)), spaced=room > 3)
    room = height - len(lines)
    if details.log and room >= 4 and details.download.status is not Status.DOWNLOADING:
        # What stands still has a past instead of a rate: the answer to "why" without a key.
        lines += [BLANK, (("log, newest first", Ink.FAINT),), *_log(details, width)[: room - 2]]
    return lines


def _headline(details: DownloadDetails, now: datetime) -> Line:
    download = details.download
    look = LOOKS[download.status]
    spans: list[Span] = [(status_word(download, 24, now), look.ink), ("   ", Ink.TEXT)]
    if download.total_bytes is not None:
        share = f"{format_size(download.done_bytes)} of {format_size(download.total_bytes)}"
        spans += [(share, Ink.STRONG), (f"  {percent_text(download.fraction)}", Ink.SOFT)]
    else:
        spans += [(format_size(download.done_bytes), Ink.STRONG), (" of unknown size", Ink.SOFT)]
    if download.status is Status.DOWNLOADING:
        spans += [("   ", Ink.TEXT), (right(format_rate(download.rate_bps), 10), Ink.STRONG)]
        if download.eta_s is not None:
            spans += [(f"   {format_duration(download.eta_s)} left", Ink.SOFT)]
    elif download.status is Status.COMPLETED and download.elapsed_s >= 1:
        took = f"   in {format_duration(download.elapsed_s)}"
        spans.append((f"{took}, {format_rate(download.average_bps)} on average", Ink.SOFT))
    return tuple(spans)


def _failure(download: DownloadSnapshot, width: int, key_of: KeyOf) -> list[Line]:
    """What happened, what tui-dl does next, what to press."""
    if download.failure is None:
        return []
    look = LOOKS[download.status]
    words = wrapped(display_text(download.failure.message), width - 2)
    lines: list[Line] = [
        ((f"{look.glyph} " if index == 0 else "  ", look.ink), (text, look.ink))
        for index, text in enumerate(words[:4])
    ]
    lines += [
        (("  ", Ink.TEXT), (text, Ink.TEXT)) for text in wrapped(next_step(download), width - 2)
    ]
    keys = _keys(offered_keys(download), width - 2, key_of)
    return [*lines, (("  ", Ink.TEXT), *keys)]


def _keys(offered: Iterable[tuple[str, str]], width: int, key_of: KeyOf) -> Line:
    """Name as many keys and what they do as fit."""
    spans: list[Span] = []
    for binding_id, words in offered:
        key, does = key_of(binding_id), f" {words}   "
        width -= width_of(((key, Ink.KEY), (does, Ink.SOFT)))
        if width < -3:
            break
        spans += [(key, Ink.KEY), (does, Ink.SOFT)]
    return tuple(spans)


def _facts(details: DownloadDetails, width: int, now: datetime) -> list[Line]:
    """Label and value, in two columns where they fit."""
    facts = _fact_pairs(details, now)
    if width < 92:
        return [_fact(label, value, width) for label, value in facts]
    half = width // 2
    lines: list[Line] = []
    for at in range(0, len(facts), 2):
        line = _fact(*facts[at], half - 2)
        if at + 1 < len(facts):
            gap = half - width_of(line)
            line = (*line, (" " * max(2, gap), Ink.TEXT), *_fact(*facts[at + 1], width - half))
        lines.append(line)
    return lines


def _fact_pairs(details: DownloadDetails, now: datetime) -> list[tuple[str, str]]:
    download = details.download
    path = details.final_path or details.part_path or f"{download.directory}/{download.name}"
    pairs: list[tuple[str, str]] = [
        ("from", host_of(details.final_url or download.url)),
        ("to", display_text(path)),
        ("size", _exact(download)),
        ("here", format_exact(download.done_bytes)),
        ("proof", assurance_sentence(download)),
        ("link", display_text(redacted(download.url))),
    ]
    if (moment := waits_until(download, now)) is not None:
        pairs.append(("starts", f"{local_wall(moment):%Y-%m-%d %H:%M}"))
    if download.remark:
        pairs.append(("remark", display_text(download.remark)))
    if download.options.priority:
        pairs.append(("priority", str(download.options.priority)))
    if download.limit_bps and download.status is not Status.COMPLETED:
        pairs.append(("limit", format_rate(download.limit_bps)))
    if details.ranges_supported is False:
        pairs.append(("resume", "not possible: this server sends whole files only"))
    if details.generation > 1:
        pairs.append(("version", f"number {details.generation}: the file changed at the server"))
    return pairs


def _fact(label: str, value: str, cells: int) -> Line:
    room = max(1, cells - LABEL_CELLS)
    return ((left(label, LABEL_CELLS), Ink.FAINT), (short_name(value, room), Ink.SOFT))


def _exact(download: DownloadSnapshot) -> str:
    return "unknown" if download.total_bytes is None else format_exact(download.total_bytes)


def _map_rows(details: DownloadDetails, room: int) -> int:
    if details.download.status is Status.COMPLETED:
        return 1
    if not details.rate_history:
        return max(1, min(6, room - 4))
    return 1 if room < 7 else 2 if room < 15 else 4


def _map(details: DownloadDetails, width: int, rows: int) -> list[Line]:
    total = details.download.total_bytes or 0
    states = chunk_cells(details.segments, total, width * rows)
    return [*chunk_lines(states, width), legend(states)]


def _graph(details: DownloadDetails, width: int, rows: int, *, spaced: bool) -> list[Line]:
    history = details.rate_history
    peak = max(history)
    span = format_duration(float(len(history)))
    caption = justified(
        ((f"rate, last {span}", Ink.FAINT),),
        ((f"peak {format_rate(max(peak, details.peak_bps))}", Ink.FAINT),),
        width,
    )
    drawn = [((text, Ink.GRAPH),) for text in graph(history, width, rows, peak)]
    return [*([BLANK] if spaced else []), caption, *drawn]


# --- the other tabs -----------------------------------------------------------------------


def _chunks(details: DownloadDetails, width: int, height: int) -> list[Line]:
    if not details.segments:
        return [(("The map appears once the size is known.", Ink.FAINT),)]
    lines = _map(details, width, max(1, height - 3))
    *drawn, words = lines
    per_cell = (details.download.total_bytes or 0) / max(1, width * max(1, height - 3))
    note = f"each cell is {format_size(max(1, round(per_cell)))}"
    return [*drawn, BLANK, justified(words, ((note, Ink.FAINT),), width)]


def _connections(details: DownloadDetails, width: int) -> list[Line]:
    if not details.workers:
        return [(("No connection is open.", Ink.FAINT),)]
    host_cells = max(8, min(40, width - 54))
    bar_cells = max(0, min(24, width - host_cells - 42))
    lines: list[Line] = [_connection_heads(host_cells, bar_cells)]
    for worker in details.workers:
        end = worker.end if worker.end is not None else worker.position
        whole = end - worker.start
        share = (worker.position - worker.start) / whole if whole > 0 else None
        lines.append(
            (
                (right(str(worker.number), 3), Ink.FAINT),
                ("  " + left(short_name(worker.host, host_cells), host_cells), Ink.TEXT),
                (" ", Ink.TEXT),
                *progress_bar(share, bar_cells, Ink.BAR_RUN),
                (right(format_size(max(0, end - worker.position)), 9), Ink.SOFT),
                (right(format_rate(worker.rate_bps), 11), Ink.TEXT),
                (right(format_duration(worker.age_s), 8), Ink.FAINT),
                ("  " + display_text(worker.state, max_cells=12), Ink.SOFT),
            )
        )
    return lines


def _connection_heads(host_cells: int, bar_cells: int) -> Line:
    text = (
        right("#", 3)
        + "  "
        + left("server", host_cells)
        + " "
        + left("its stretch", bar_cells)
        + right("left", 9)
        + right("rate", 11)
        + right("age", 8)
        + "  state"
    )
    return ((text, Ink.FAINT),)


def _log(details: DownloadDetails, width: int) -> list[Line]:
    """Newest first, so that the top of a small pane is what just happened."""
    if not details.log:
        return [(("Nothing has happened yet.", Ink.FAINT),)]
    lines: list[Line] = []
    for entry in reversed(details.log):
        for index, text in enumerate(wrapped(display_text(entry.text), width - 10)):
            stamp = _clock(entry.at) if index == 0 else ""
            lines.append(((left(stamp, 10), Ink.FAINT), (text, Ink.SOFT)))
    return lines


def _clock(moment: datetime) -> str:
    """Return the time of day where the user is."""
    return moment.astimezone().strftime("%H:%M:%S")
