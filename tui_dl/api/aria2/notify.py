"""From the engine's events to aria2's notifications. Pure but for a memory of who runs.

aria2 tells of a pause or a stop only when it ended activity. Must not send anything.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind

START = "aria2.onDownloadStart"
PAUSE = "aria2.onDownloadPause"
STOP = "aria2.onDownloadStop"
COMPLETE = "aria2.onDownloadComplete"
ERROR = "aria2.onDownloadError"

NOTIFICATIONS = (START, PAUSE, STOP, COMPLETE, ERROR, "aria2.onBtDownloadComplete")
"""In aria2's order. The last one never comes; clients ask for the list all the same."""

_ENDS = {
    EventKind.PAUSED: (PAUSE, False),
    EventKind.CANCELLED: (STOP, False),
    EventKind.REMOVED: (STOP, False),
    EventKind.COMPLETED: (COMPLETE, True),
    EventKind.FAILED: (ERROR, True),
}
"""What is told, and whether also of a download that was not seen running."""


class Notifier:
    """The notifications of one socket."""

    def __init__(self, downloads: Iterable[DownloadSnapshot]) -> None:
        """``downloads`` is the picture at the moment from which events are taken."""
        self._running = {row.id for row in downloads if row.status.is_running}

    def take(self, event: DownloadEvent) -> str | None:
        """Return the name of the notification that an event is, ``None`` when it is none."""
        id_ = event.download.id
        if event.kind is EventKind.STARTED:
            self._running.add(id_)
            return START
        was_running = id_ in self._running
        if event.kind in (EventKind.RESUMED, EventKind.QUEUED):
            self._running.discard(id_)
        told = _ENDS.get(event.kind)
        if told is None:
            return None
        self._running.discard(id_)
        name, always = told
        return name if always or was_running else None


def frame(name: str, gid: str) -> str:
    """Return the text frame of a notification."""
    return msgspec.json.encode(
        {"jsonrpc": "2.0", "method": name, "params": [{"gid": gid}]}
    ).decode()
