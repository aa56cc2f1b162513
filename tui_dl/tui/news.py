"""Pushed events as sentences for toasts. Many at once become one."""

from __future__ import annotations

from collections.abc import Sequence

from tui_dl.domain.display import display_text
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind
from tui_dl.domain.units import format_duration, format_size
from tui_dl.tui.steering import Severity, plural
from tui_dl.tui.view.naming import short_name

NAME_CELLS = 32
"""With its mark it fits a line of a toast on 80 columns."""


@dataclass(frozen=True, slots=True)
class News:
    """One toast. The sentence is display-safe."""

    sentence: str
    severity: Severity = "information"


def news_of(events: Sequence[DownloadEvent]) -> list[News]:
    """Return what is worth a toast: ends, good and bad, and pauses that nobody asked for."""
    done = [e.download for e in events if e.kind is EventKind.COMPLETED]
    failed = [e.download for e in events if e.kind is EventKind.FAILED]
    parked = [
        e.download for e in events if e.kind is EventKind.PAUSED and e.download.failure is not None
    ]
    news: list[News] = []
    if len(done) == 1:
        news.append(News(_done(done[0])))
    elif done:
        news.append(News(f"{plural(len(done), 'download')} are done."))
    for stopped, word in ((failed, "failed"), (parked, "are paused")):
        if len(stopped) == 1:
            news.append(News(_stopped(stopped[0]), "error" if word == "failed" else "warning"))
        elif stopped:
            news.append(News(f"{plural(len(stopped), 'download')} {word}.", "error"))
    return news


def _done(download: DownloadSnapshot) -> str:
    size = format_size(download.done_bytes)
    took = f" in {format_duration(download.elapsed_s)}" if download.elapsed_s >= 1 else ""
    return f"✓ {short_name(download.name, NAME_CELLS)}\n{size}{took}"


def _stopped(download: DownloadSnapshot) -> str:
    reason = display_text(download.failure.message) if download.failure is not None else ""
    return f"✗ {short_name(download.name, NAME_CELLS)}\n{reason}"
