"""The line at the top: what the whole engine does right now. Pure."""

from __future__ import annotations

from tui_dl.domain.display import display_text
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import EngineSnapshot
from tui_dl.domain.units import format_duration, format_rate, format_size
from tui_dl.tui.view.bars import spark
from tui_dl.tui.view.ink import Ink, Line, Span, left, width_of

LOW_SPACE_BYTES = 2 * 1024**3
"""Below this the free space is an alarm; a warning already below what is still to come."""
GIVEN_UP = frozenset({Status.COMPLETED, Status.CANCELLED})
"""Statuses that want no more space."""


@dataclass(frozen=True, slots=True)
class EngineLook:
    """The engine-wide facts of one moment, with the history of the total rate."""

    rate_bps: float = 0.0
    history: tuple[float, ...] = ()
    """One sample a second, oldest first."""
    limit_bps: int = 0
    free_bytes: int | None = None
    wanted_bytes: int = 0
    """What all unfinished downloads still have to write."""
    api_address: str | None = None
    stale_s: float = 0.0
    hold: str = ""
    limit_until: str = ""
    """The time at which the schedule changes the limit, empty when it does not."""


def status_line(look: EngineLook, width: int) -> Line:
    """Return the line; from the right, parts are left out that do not fit."""
    start: list[Span] = [(" tui-dl ", Ink.TITLE), ("  ", Ink.TEXT)]
    moving = look.rate_bps > 0
    rate = left(format_rate(look.rate_bps) if moving else "idle", 10)
    start.append(("▼ " if moving else "· ", Ink.RUN if moving else Ink.FAINT))
    start.append((rate, Ink.STRONG if moving else Ink.FAINT))
    parts = _facts(look)
    while parts and width_of(start) + _facts_cells(parts) + 2 > width:
        parts.pop(0 if len(parts) > 1 and parts[0][0][1] is not Ink.RETRY else -1)
    end: list[Span] = []
    for part in parts:
        end += [*part, ("   ", Ink.TEXT)]
    if end:
        end[-1] = (" ", Ink.TEXT)
    free = width - width_of(start) - width_of(end)
    graph_cells = min(40, free - 6)
    if graph_cells >= 8:
        # A young history starts beside the rate and grows to the right.
        shown = min(graph_cells, len(look.history))
        start += [(" ", Ink.TEXT), (spark(look.history, shown), Ink.GRAPH)]
    free = width - width_of(start) - width_of(end)
    return (*start, (" " * max(0, free), Ink.TEXT), *end)


def _facts(look: EngineLook) -> list[Line]:
    parts: list[Line] = []
    if look.stale_s > 0:
        parts.append((("◔ engine out of reach for ", Ink.RETRY), _age(look.stale_s)))
    parts += _limit(look)
    if look.api_address:
        address = display_text(look.api_address, max_cells=28)
        parts.append((("api ", Ink.FAINT), (address.replace("127.0.0.1", ""), Ink.SOFT)))
    if look.free_bytes is not None:
        ink = Ink.RETRY if look.free_bytes < look.wanted_bytes else Ink.SOFT
        ink = Ink.FAIL if look.free_bytes < LOW_SPACE_BYTES else ink
        size = format_size(look.free_bytes)
        parts.append(((f"{size} free", ink),))
    return parts


def _limit(look: EngineLook) -> list[Line]:
    """Return what holds the rate down, and until when."""
    until = f" until {look.limit_until}" if look.limit_until else ""
    if look.hold:
        return [((f"paused by schedule{until}", Ink.RETRY),)]
    if look.limit_bps:
        return [(("limit ", Ink.FAINT), (format_rate(look.limit_bps) + until, Ink.SOFT))]
    return [((f"no limit{until}", Ink.FAINT),)] if until else []


def _age(stale_s: float) -> Span:
    return (format_duration(stale_s), Ink.RETRY)


def _facts_cells(parts: list[Line]) -> int:
    return sum(width_of(part) + 3 for part in parts)


def wanted_bytes(snapshot: EngineSnapshot) -> int:
    """Return what all unfinished downloads of known size still have to write."""
    wanted = 0
    for download in snapshot.downloads:
        total = download.total_bytes
        if total is not None and total > download.done_bytes and download.status not in GIVEN_UP:
            wanted += total - download.done_bytes
    return wanted
