"""The title of the terminal's window: the sum of all downloads in a few words. Pure.

Made of our own words and numbers only: a file name has no business there.
"""

from __future__ import annotations

from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EngineSnapshot
from tui_dl.domain.units import format_rate

IDLE = "tui-dl"


def title_text(snapshot: EngineSnapshot) -> str:
    """Return ``71% · 84.2 MB/s · 3 active – tui-dl``, or the name alone when nothing runs.

    The percentage is of everything that runs or waits for its turn and has a known size.
    """
    active = done = total = 0
    for download in snapshot.downloads:
        if download.status.is_running or download.status is Status.QUEUED:
            active += download.status.is_running
            if download.total_bytes:
                done += min(download.done_bytes, download.total_bytes)
                total += download.total_bytes
    if not active:
        return IDLE
    parts = [f"{done * 100 // total}%"] if total else []
    if snapshot.rate_bps > 0:
        parts.append(format_rate(snapshot.rate_bps))
    parts.append(f"{active} active")
    return f"{' · '.join(parts)} – {IDLE}"
